package dev.velo.cas.manifest;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A file of the user's replaced as a whole. The new content is written beside the old under a name of its own, which its writer keeps
 * locked; one that is not locked was left by a process that was killed, and the next writer in that directory removes it.
 */
final class Replacement {
    /** Not named after the target, whose name may be as long as a name can be. */
    private static final String PREFIX = ".velo-manifest-";

    /** Bounds the direct memory that writing takes. */
    private static final int STEP = 1 << 20;

    private static final int ATTEMPTS = 4;

    private final FileOps files;

    Replacement(FileOps files) {
        this.files = files;
    }

    /** Returns when the new content is durable under the target's name. */
    void write(byte[] content, Path target) throws IOException {
        // Opened first: a directory that cannot be synced is to be refused before anything is replaced.
        try (Descriptor directory = files.openDirectoryFollowing(bytes(target.getParent()))) {
            removeLeftovers(directory);
            boolean done = false;
            for (int attempt = 1; !done; attempt++) {
                done = attempt(content, directory, bytes(target.getFileName()), attempt == ATTEMPTS);
            }
            files.sync(directory.number());
        }
    }

    /** False where another writer took the new file for a leftover, in the moment before it was locked. */
    private boolean attempt(byte[] content, Descriptor directory, byte[] target, boolean last) throws IOException {
        byte[] staged = (PREFIX
                        + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()))
                .getBytes(StandardCharsets.US_ASCII);
        try (Descriptor file = files.createFile(directory.number(), staged, 0666)) {
            try {
                files.lock(file.number(), true);
                if (files.statusIfPresent(directory.number(), staged).isEmpty() && !last) {
                    return false;
                }
                writeAll(file, content);
                files.sync(file.number());
                files.rename(directory.number(), staged, directory.number(), target);
                return true;
            } catch (IOException e) {
                removeQuietly(directory, staged);
                throw e;
            }
        }
    }

    private void writeAll(Descriptor file, byte[] content) throws IOException {
        ByteBuffer step = ByteBuffer.allocateDirect(Math.min(STEP, Math.max(1, content.length)));
        for (int at = 0; at < content.length; at += step.capacity()) {
            step.clear().put(content, at, Math.min(step.capacity(), content.length - at));
            files.write(file.number(), step.flip());
        }
    }

    private void removeQuietly(Descriptor directory, byte[] staged) {
        try {
            files.unlink(directory.number(), staged);
        } catch (IOException e) {
            // The failure that led here is the one to report; the next writer removes the file.
            return;
        }
    }

    /** Removes what writers that were killed have left in a directory. What stands in the way of that is no reason not to write. */
    void removeLeftovers(Path directory) {
        try (Descriptor opened = files.openDirectoryFollowing(bytes(directory))) {
            removeLeftovers(opened);
        } catch (IOException e) {
            return;
        }
    }

    private void removeLeftovers(Descriptor directory) {
        try {
            for (DirectoryEntry entry : files.list(directory.number())) {
                String name = new String(entry.name(), StandardCharsets.ISO_8859_1);
                if (name.matches("\\.velo-manifest-[0-9a-f]{16}")) {
                    removeLeftover(directory.number(), entry.name());
                }
            }
        } catch (IOException e) {
            return;
        }
    }

    private void removeLeftover(int directory, byte[] name) throws IOException {
        Optional<FileStatus> status = files.statusIfPresent(directory, name);
        if (status.isEmpty() || !status.get().isRegular() || status.get().uid() != files.effectiveUid()) {
            return;
        }
        try (Descriptor file = files.openRead(directory, name)) {
            if (files.tryLock(file.number(), true)) {
                files.unlink(directory, name);
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    private static byte[] bytes(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8);
    }
}
