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
 * store is. Safe for use by many threads.
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
        synchronized (manifests) {
            return manifests.contains(digest);
        }
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
        return has(table, first, sixteen(name, 14), sixteen(name, 30), sixteen(name, 46), form);
    }

    boolean has(Digest digest, BlobStore.Form form) {
        ByteBuffer bytes = ByteBuffer.wrap(digest.toBytes());
        DigestTable table = tables[bytes.get(0) & 0xff];
        return has(table, bytes.getLong(), bytes.getLong(), bytes.getLong(), bytes.getLong(), form);
    }

    /** With the lock of the table: what came into use meanwhile may be added at any time. */
    private static boolean has(
            DigestTable table, long first, long second, long third, long fourth, BlobStore.Form form) {
        synchronized (table) {
            return (table.bits(first, second, third, fourth) & (form == BlobStore.Form.PLAIN ? BLOB : TWIN)) != 0;
        }
    }

    private static long sixteen(byte[] name, int at) {
        return HexDigits.eight(name, at) << 32 | HexDigits.eight(name, at + 8);
    }
}
