package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.Set;

/**
 * Copies and hashes in one pass. Order: share the blocks (FICLONE) and hash the clone, which nobody else can change; else read, hash and
 * write, leaving holes where the source had them. Not safe for use by several threads: one per worker.
 */
public final class ContentCopy {
    /** What was copied. */
    public record Copied(Digest digest, long size) {}

    private static final int CHUNK = 1 << 20;
    private static final Set<Errno> NO_CLONE =
            EnumSet.of(Errno.EOPNOTSUPP, Errno.EXDEV, Errno.EINVAL, Errno.ENOTTY, Errno.ENOSYS, Errno.EPERM);

    private final FileOps files;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    private boolean cloning = true;

    public ContentCopy(FileOps files) {
        this.files = files;
    }

    /** The largest content that {@link #readSmall} takes, in bytes. */
    public static int smallLimit() {
        return CHUNK;
    }

    /**
     * Reads the first {@code size} bytes of content into memory.
     *
     * @param size less than {@link #smallLimit()}
     * @return a view that is valid until the next call, or null where there is less
     */
    public ByteBuffer readSmall(int from, int size) throws IOException {
        buffer.clear().limit(size);
        while (buffer.hasRemaining()) {
            if (readSource(from, buffer.position()) < 0) {
                return null;
            }
        }
        return buffer.flip();
    }

    /**
     * Copies all of {@code from}, from its start, into the empty file {@code to}.
     *
     * @throws SourceException where reading fails; any other failure is of the file written to
     */
    public Copied copy(int from, int to, boolean sparse) throws IOException {
        if (cloned(from, to)) {
            return hash(to);
        }
        MessageDigest function = Digest.function();
        long size = 0;
        boolean hole = false;
        for (buffer.clear(); readSource(from, size) > 0; buffer.clear()) {
            buffer.flip();
            function.update(buffer.duplicate());
            size += buffer.remaining();
            hole = sparse && isZero(buffer);
            if (hole) {
                files.seek(to, size);
            } else {
                files.write(to, buffer);
            }
        }
        if (hole) {
            files.truncate(to, size);
        }
        return new Copied(Digest.finish(function), size);
    }

    /** Hashes all of a file, from its start. */
    public Copied hash(int fd) throws IOException {
        MessageDigest function = Digest.function();
        long size = 0;
        for (buffer.clear(); readSource(fd, size) > 0; buffer.clear()) {
            buffer.flip();
            size += buffer.remaining();
            function.update(buffer);
        }
        return new Copied(Digest.finish(function), size);
    }

    private int readSource(int fd, long offset) throws SourceException {
        try {
            return files.readAt(fd, buffer, offset);
        } catch (IOException e) {
            throw new SourceException(e);
        }
    }

    /** A file system that cannot clone says so at the first try and is not asked again. */
    private boolean cloned(int from, int to) throws IOException {
        if (!cloning) {
            return false;
        }
        try {
            files.clone(from, to);
            return true;
        } catch (ErrnoException e) {
            if (!NO_CLONE.contains(e.errno())) {
                throw e;
            }
            cloning = false;
            return false;
        }
    }

    private static boolean isZero(ByteBuffer chunk) {
        int at = chunk.position();
        for (; at + Long.BYTES <= chunk.limit(); at += Long.BYTES) {
            if (chunk.getLong(at) != 0) {
                return false;
            }
        }
        for (; at < chunk.limit(); at++) {
            if (chunk.get(at) != 0) {
                return false;
            }
        }
        return true;
    }
}
