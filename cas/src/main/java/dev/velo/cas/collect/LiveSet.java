package dev.velo.cas.collect;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.manifest.ManifestScan;
import dev.velo.cas.store.BlobStore;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What is needed: exact sets, since a sieve that errs even rarely keeps garbage for ever. Divided by the first byte of the digest, as the
 * store is. Safe for adding by many threads, and for asking by many once nobody adds.
 */
final class LiveSet {
    private static final int BLOB = 1;
    private static final int TWIN = 2;
    private static final int NAME = 2 * Digest.LENGTH - 2;

    private final Set<Digest> manifests = new HashSet<>();
    private final DigestTable[] tables =
            IntStream.range(0, 256).mapToObj(i -> new DigestTable()).toArray(DigestTable[]::new);

    /**
     * Adds a manifest and all that it names.
     *
     * @param bytes of the manifest, read in full before or known by their digest
     */
    void add(Digest manifest, byte[] bytes) throws ManifestException {
        synchronized (manifests) {
            if (!manifests.add(manifest)) {
                return;
            }
        }
        ByteBuffer in = ByteBuffer.wrap(bytes);
        ManifestScan.files(bytes, manifest.toHex(), (same, at, executable) -> {
            DigestTable table = tables[same[at] & 0xff];
            synchronized (table) {
                table.add(in, at, executable ? BLOB | TWIN : BLOB);
            }
        });
    }

    boolean hasManifest(Digest digest) {
        return manifests.contains(digest);
    }

    /**
     * Whether a file of a shard is needed. The answer is false for a name that is no digest.
     *
     * @param name all hexadecimal digits but the first two
     */
    boolean has(int shard, byte[] name, BlobStore.Form form) {
        if (name.length != NAME) {
            return false;
        }
        DigestTable table = tables[shard];
        long first = (long) shard << 56 | HexDigits.eight(name, 0) << 24 | HexDigits.eight(name, 6) & 0xff_ffffL;
        int bits = table.bits(first, sixteen(name, 14), sixteen(name, 30), sixteen(name, 46));
        return (bits & (form == BlobStore.Form.PLAIN ? BLOB : TWIN)) != 0;
    }

    private static long sixteen(byte[] name, int at) {
        return HexDigits.eight(name, at) << 32 | HexDigits.eight(name, at + 8);
    }
}
