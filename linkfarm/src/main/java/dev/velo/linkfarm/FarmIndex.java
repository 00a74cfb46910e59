package dev.velo.linkfarm;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What was noted of a farm when it was built: the space that it takes for itself, and of each directory a sum over the names and inode numbers in
 * it, so that a file in another's place is found without a look at contents. The sums are against accidents and stray hands, not against
 * somebody who makes two entries with one sum. Format: docs/formats/store.md.
 */
final class FarmIndex {
    /** What an inode takes on ext4 as it is made today; the kernel does not tell, and other file systems take more. */
    static final long INODE = 256;

    static final long BLOCK = 512;
    private static final byte[] NAME = "index".getBytes(StandardCharsets.US_ASCII);
    private static final int MAGIC = 'V' | 'F' << 8 | 'I' << 16 | 'X' << 24;
    private static final int VERSION = 1;
    private static final int HEADER = 32;
    private static final int STEP = 1 << 16;

    private final long bytes;
    private final long[] sums;

    /** @param sums of the directories, each before those in it, which are in the manifest's order */
    FarmIndex(long bytes, long[] sums) {
        this.bytes = bytes;
        this.sums = sums;
    }

    /** Of disk, without what the store has anyway. */
    long bytes() {
        return bytes;
    }

    int directories() {
        return sums.length;
    }

    long sum(int directory) {
        return sums[directory];
    }

    /** In whatever order a directory gives its entries. */
    static long sum(Collection<DirectoryEntry> entries) {
        long sum = 0;
        for (DirectoryEntry entry : entries) {
            long name = 0xcbf29ce484222325L;
            for (byte b : entry.name()) {
                name = (name ^ (b & 0xff)) * 0x100000001b3L;
            }
            sum += mixed(entry.inode() + mixed(name));
        }
        return sum;
    }

    /** Each bit of the result depends on each bit given: sums of neighbouring numbers must not meet. */
    private static long mixed(long value) {
        long z = (value ^ value >>> 32) * 0xd6e8feb86659fd93L;
        z = (z ^ z >>> 32) * 0xd6e8feb86659fd93L;
        return z ^ z >>> 32;
    }

    void write(FileOps files, int farm) throws IOException {
        ByteBuffer content = ByteBuffer.allocateDirect(HEADER + Long.BYTES * sums.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MAGIC)
                .putInt(VERSION)
                .putLong(bytes)
                .putLong(sums.length);
        content.position(HEADER);
        for (long sum : sums) {
            content.putLong(sum);
        }
        content.putInt(HEADER - 8, checksum(content.duplicate().position(HEADER)));
        content.putInt(HEADER - 4, checksum(content.duplicate().flip().limit(HEADER - 4)));
        try (Descriptor file = files.createFile(farm, NAME, 0400)) {
            files.write(file.number(), content.flip());
        }
    }

    private static int checksum(ByteBuffer content) {
        CRC32C crc = new CRC32C();
        crc.update(content);
        return (int) crc.getValue();
    }

    /**
     * All of it; empty where there is none, or one that is damaged.
     *
     * @param farm relative to {@code store}
     */
    static Optional<FarmIndex> read(FileOps files, int store, String farm) throws IOException {
        return read(files, store, farm, true);
    }

    /** As {@link #read}, without the sums. */
    static Optional<FarmIndex> readHead(FileOps files, int store, String farm) throws IOException {
        return read(files, store, farm, false);
    }

    private static Optional<FarmIndex> read(FileOps files, int store, String farm, boolean whole) throws IOException {
        String path = farm + "/" + new String(NAME, StandardCharsets.US_ASCII);
        try (Descriptor file = files.openRead(store, path.getBytes(StandardCharsets.UTF_8))) {
            ByteBuffer head = filled(files, file, HEADER);
            if (head.remaining() < HEADER
                    || head.getInt(0) != MAGIC
                    || head.getInt(4) != VERSION
                    || head.getInt(HEADER - 4) != checksum(head.duplicate().limit(HEADER - 4))) {
                return Optional.empty();
            }
            long count = head.getLong(16);
            long size = files.status(file.number()).size();
            if (count < 0 || count > Integer.MAX_VALUE / Long.BYTES || size != HEADER + Long.BYTES * count) {
                return Optional.empty();
            }
            if (!whole) {
                return Optional.of(new FarmIndex(head.getLong(8), new long[0]));
            }
            ByteBuffer rest = filled(files, file, (int) (Long.BYTES * count));
            if (rest.remaining() < Long.BYTES * count || head.getInt(HEADER - 8) != checksum(rest.duplicate())) {
                return Optional.empty();
            }
            long[] sums = new long[(int) count];
            rest.asLongBuffer().get(sums);
            return Optional.of(new FarmIndex(head.getLong(8), sums));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT) || e.is(Errno.ENOTDIR)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** As much as there is, to that many bytes. */
    private static ByteBuffer filled(FileOps files, Descriptor file, int size) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        ByteBuffer step = ByteBuffer.allocateDirect(Math.max(1, Math.min(STEP, size)));
        while (all.hasRemaining()) {
            step.clear().limit(Math.min(step.capacity(), all.remaining()));
            if (files.read(file.number(), step) <= 0) {
                break;
            }
            all.put(step.flip());
        }
        return all.flip();
    }
}
