package dev.velo.cas.ingest;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The digests of files by device, inode, size and times, as one ingest has read them. Every digest in it stands in one manifest, which it
 * names. Immutable, safe for use by many threads. Format: docs/formats/stat-cache.md.
 */
final class StatCache {
    private static final byte[] MAGIC = "VELOSTAT".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int SHA_256 = 1;

    private static final int HEADER = 64;
    private static final int H_VERSION = 8;
    private static final int H_FUNCTION = 12;
    private static final int H_COUNT = 16;
    private static final int H_MANIFEST = 24;
    private static final int H_ENTRIES_CHECKSUM = 56;
    private static final int H_CHECKSUM = 60;

    private static final int ENTRY = 80;
    private static final int E_DEVICE = 0;
    private static final int E_INODE = 8;
    private static final int E_SIZE = 16;
    private static final int E_MODIFIED = 24;
    private static final int E_CHANGED = 32;
    private static final int E_MODIFIED_NANOS = 40;
    private static final int E_CHANGED_NANOS = 44;
    private static final int E_DIGEST = 48;

    private static final int MAX_ENTRIES = 4_000_000;

    /** The longest file, in bytes. */
    static final long LIMIT = HEADER + (long) ENTRY * MAX_ENTRIES;

    /** Knows nothing. */
    static final StatCache EMPTY = new StatCache(new byte[HEADER], 0, Digest.EMPTY);

    private final byte[] bytes;
    private final ByteBuffer in;
    private final int count;
    private final Digest manifest;

    private StatCache(byte[] bytes, int count, Digest manifest) {
        this.bytes = bytes;
        this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.count = count;
        this.manifest = manifest;
    }

    /** Reads the bytes of a file, which must not change any more; {@link #EMPTY} for whatever this version did not write as it is. */
    static StatCache of(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.length < HEADER
                || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)
                || in.getInt(H_VERSION) != VERSION
                || in.getInt(H_FUNCTION) != SHA_256
                || in.getInt(H_CHECKSUM) != checksum(bytes, 0, H_CHECKSUM)
                || in.getInt(H_ENTRIES_CHECKSUM) != checksum(bytes, HEADER, bytes.length)) {
            return EMPTY;
        }
        long count = in.getLong(H_COUNT);
        if (count < 0 || count > MAX_ENTRIES || bytes.length != HEADER + count * ENTRY) {
            return EMPTY;
        }
        StatCache cache = new StatCache(bytes, (int) count, Digest.fromBytes(bytes, H_MANIFEST));
        return cache.isAscending() ? cache : EMPTY;
    }

    private boolean isAscending() {
        for (int i = 1; i < count; i++) {
            if (compare(in, entry(i), in.getLong(entry(i - 1) + E_DEVICE), in.getLong(entry(i - 1) + E_INODE)) <= 0) {
                return false;
            }
        }
        return true;
    }

    private static int checksum(byte[] bytes, int from, int to) {
        CRC32C function = new CRC32C();
        function.update(bytes, from, to - from);
        return (int) function.getValue();
    }

    private static int entry(int index) {
        return HEADER + index * ENTRY;
    }

    private static int compare(ByteBuffer entries, int at, long device, long inode) {
        int byDevice = Long.compareUnsigned(entries.getLong(at + E_DEVICE), device);
        return byDevice != 0 ? byDevice : Long.compareUnsigned(entries.getLong(at + E_INODE), inode);
    }

    /** Number of entries. */
    int count() {
        return count;
    }

    /** The manifest in which every digest of this cache stands. */
    Digest manifest() {
        return manifest;
    }

    /** The entry of exactly this file in exactly this state, or -1. */
    int find(FileStatus status) {
        int low = 0;
        int high = count - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int at = entry(middle);
            int order = compare(in, at, status.device(), status.inode());
            if (order == 0) {
                return isState(at, status) ? middle : -1;
            }
            if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return -1;
    }

    private boolean isState(int at, FileStatus status) {
        return in.getLong(at + E_SIZE) == status.size()
                && isTime(at + E_MODIFIED, at + E_MODIFIED_NANOS, status.modified())
                && isTime(at + E_CHANGED, at + E_CHANGED_NANOS, status.changed());
    }

    private boolean isTime(int seconds, int nanos, Timestamp time) {
        return in.getLong(seconds) == time.seconds() && in.getInt(nanos) == time.nanos();
    }

    /** The digest of an entry that {@link #find} returned. */
    Digest digest(int index) {
        return Digest.fromBytes(bytes, entry(index) + E_DIGEST);
    }

    /** Entries for a cache to come, in any order. Packed: a large tree has millions. Safe for use by many threads. */
    static final class Notes {
        private static final int CHUNK = 4096;

        private final List<ByteBuffer> chunks = new ArrayList<>();
        private int count;

        /** Notes a file, unless the cache could not hold it. */
        synchronized void add(FileStatus status, Digest digest) {
            if (count >= MAX_ENTRIES) {
                return;
            }
            if (count == chunks.size() * CHUNK) {
                chunks.add(ByteBuffer.allocate(CHUNK * ENTRY).order(ByteOrder.LITTLE_ENDIAN));
            }
            ByteBuffer out = chunks.get(count / CHUNK);
            out.putLong(status.device()).putLong(status.inode()).putLong(status.size());
            out.putLong(status.modified().seconds()).putLong(status.changed().seconds());
            out.putInt(status.modified().nanos()).putInt(status.changed().nanos());
            out.put(digest.toBytes());
            count++;
        }

        synchronized boolean isEmpty() {
            return count == 0;
        }

        synchronized void clear() {
            chunks.clear();
            count = 0;
        }

        private synchronized Integer[] ascending() {
            Integer[] order = new Integer[count];
            Arrays.setAll(order, i -> i);
            Arrays.sort(order, (a, b) -> compare(chunk(a), at(a), chunk(b), at(b)));
            return order;
        }

        private ByteBuffer chunk(int index) {
            return chunks.get(index / CHUNK);
        }

        private static int at(int index) {
            return index % CHUNK * ENTRY;
        }
    }

    private static int compare(ByteBuffer a, int atA, ByteBuffer b, int atB) {
        return compare(a, atA, b.getLong(atB + E_DEVICE), b.getLong(atB + E_INODE));
    }

    /**
     * The bytes of a new cache: the entries of this one that are marked, and new ones. Of two with one device and inode, which a hard link
     * inside the tree gives, one stays.
     *
     * @param kept nonzero for each entry of this cache that stays
     */
    byte[] successor(byte[] kept, Notes notes, Digest of) {
        Integer[] fresh = notes.ascending();
        int size = fresh.length;
        for (byte keep : kept) {
            size += keep != 0 ? 1 : 0;
        }
        ByteBuffer out = ByteBuffer.allocate(HEADER + Math.min(size, MAX_ENTRIES) * ENTRY)
                .order(ByteOrder.LITTLE_ENDIAN)
                .position(HEADER);
        int old = 0;
        int next = 0;
        while (out.hasRemaining()) {
            while (old < count && kept[old] == 0) {
                old++;
            }
            if (old == count && next == fresh.length) {
                break;
            }
            boolean fromOld = next == fresh.length
                    || old < count && compare(in, entry(old), notes.chunk(fresh[next]), Notes.at(fresh[next])) <= 0;
            ByteBuffer from = fromOld ? in : notes.chunk(fresh[next]);
            int at = fromOld ? entry(old++) : Notes.at(fresh[next++]);
            if (out.position() == HEADER || compare(out, out.position() - ENTRY, from, at) != 0) {
                out.put(from.array(), at, ENTRY);
            }
        }
        byte[] file = out.hasRemaining() ? Arrays.copyOf(out.array(), out.position()) : out.array();
        return sealed(file, (file.length - HEADER) / ENTRY, of);
    }

    private static byte[] sealed(byte[] file, int count, Digest manifest) {
        ByteBuffer out = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        out.put(0, MAGIC);
        out.putInt(H_VERSION, VERSION);
        out.putInt(H_FUNCTION, SHA_256);
        out.putLong(H_COUNT, count);
        out.putInt(H_ENTRIES_CHECKSUM, checksum(file, HEADER, file.length));
        System.arraycopy(withManifest(Arrays.copyOf(file, HEADER), manifest), 0, file, 0, HEADER);
        return file;
    }

    /** The first bytes of this cache's file, with another manifest. */
    byte[] head(Digest other) {
        return withManifest(Arrays.copyOf(bytes, HEADER), other);
    }

    /** The first bytes of a cache's file, with another manifest. */
    static byte[] withManifest(byte[] head, Digest manifest) {
        byte[] out = head.clone();
        ByteBuffer.wrap(out).put(H_MANIFEST, manifest.toBytes());
        ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN).putInt(H_CHECKSUM, checksum(out, 0, H_CHECKSUM));
        return out;
    }
}
