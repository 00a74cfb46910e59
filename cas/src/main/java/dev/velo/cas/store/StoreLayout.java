package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Timestamp;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/** The only class that knows the names inside a store. All are relative to its root; docs/formats/store.md describes them. */
public final class StoreLayout {
    static final byte[] MARKER = name("velo-store");
    static final String MARKER_PREFIX = "velo-store ";
    static final int VERSION = 1;

    static final byte[] GATE = name("gc.lock");
    static final byte[] LEASES = name("leases");
    static final byte[] ROOTS = name("roots");
    static final byte[] MANIFESTS = name("manifests");
    static final byte[] TRASH = name("trash");
    static final byte[] FARMS = name("farms");
    /** The file in a lease's directory that its holder keeps locked. */
    static final String LEASE_LOCK = "lock";

    /** What may be lost at any time; made when it is first needed. */
    static final byte[] CACHE = name("cache");

    static final byte[] QUARANTINE = name("quarantine");

    /** Made when the first tenant is; each directory in it is a store of its own. No command on this store looks into it. */
    static final byte[] TENANTS = name("tenants");

    /** In {@link #TENANTS}; a dot is in no tenant's name. */
    static final byte[] TENANT_IDS = name("tenant.ids");

    static final byte[] TENANT_IDS_STAGED = name("tenant.ids.new");
    static final byte[] TENANT_LOCK = name("tenant.lock");
    static final byte[] BLOBS_PARENT = name("cas");
    static final byte[] BLOBS = name("cas/sha256");
    static final byte[] TWINS_PARENT = name("exec");
    static final byte[] TWINS = name("exec/sha256");

    /** In the order of their making: parents first. */
    static final List<byte[]> DIRECTORIES =
            List.of(BLOBS_PARENT, BLOBS, TWINS_PARENT, TWINS, LEASES, ROOTS, MANIFESTS, TRASH, FARMS);

    /** Nobody but the owner may pass: what lies below is executable, or belongs to runs. */
    static final int PRIVATE = 0700;

    static final int BLOB_MODE = 0444;
    static final int TWIN_MODE = 0555;

    /**
     * The modification time of every blob and so of every hard-linked file in a farm, 2000-01-01T00:00:00Z: one inode serves many
     * manifests and can show only one time. Not the epoch, because archivers refuse years before 1980.
     */
    public static final Timestamp FIXED_TIME = new Timestamp(946_684_800L, 0);

    private StoreLayout() {}

    /** {@code <class>/ab/cdef...}, for a class directory like {@link #BLOBS}. */
    static byte[] blobName(byte[] parent, Digest digest) {
        String hex = digest.toHex();
        return below(parent, hex.substring(0, 2) + "/" + hex.substring(2));
    }

    /** {@code <class>/ab}. */
    static byte[] shardName(byte[] parent, Digest digest) {
        return below(parent, digest.toHex().substring(0, 2));
    }

    static byte[] below(byte[] parent, String name) {
        return name(new String(parent, StandardCharsets.UTF_8) + "/" + name);
    }

    /** The store's own copy of a manifest: what it names stays known when the user's file is moved away. */
    static byte[] manifestName(Digest digest) {
        return below(MANIFESTS, digest.toHex() + ".velo");
    }

    /** Two hexadecimal digits. */
    static String shardText(int shard) {
        return HexFormat.of().toHexDigits((byte) shard);
    }

    /** A name that no other process has: a kind and 64 random bits. */
    static String freshName(String kind) {
        return kind + "-"
                + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }

    static byte[] name(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
