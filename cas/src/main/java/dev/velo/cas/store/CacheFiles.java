package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Files that only save time, in {@code cache/}: never synced, replaced as a whole, at most {@link #LIMIT} of them. Losing one loses
 * nothing. Safe for use by many processes.
 */
public final class CacheFiles {
    /** The least recently written file beyond this number goes. */
    static final int LIMIT = 64;

    private static final int STEP = 1 << 20;

    private final Store store;
    private final FileOps files;

    CacheFiles(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /**
     * The content of a cache file; empty where there is none, or one of more than {@code limit} bytes.
     *
     * @param name one component
     */
    public Optional<byte[]> read(String name, long limit) throws IOException {
        try (Descriptor file = files.openRead(store.root(), StoreLayout.below(StoreLayout.CACHE, name))) {
            long size = files.status(file.number()).size();
            if (size > Math.min(limit, Integer.MAX_VALUE - 16)) {
                return Optional.empty();
            }
            byte[] content = new byte[(int) size];
            ByteBuffer step = ByteBuffer.allocateDirect((int) Math.min(STEP, size + 1));
            int at = 0;
            while (at < content.length) {
                step.clear().limit(Math.min(step.capacity(), content.length - at));
                if (files.read(file.number(), step) <= 0) {
                    return Optional.empty();
                }
                step.flip();
                int count = step.remaining();
                step.get(content, at, count);
                at += count;
            }
            return Optional.of(content);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** A cache file that has no name yet: written into the lease's directory, with which it goes in a crash. */
    public record Draft(byte[] staged) {}

    /** Writes a cache file that {@link #publish} will give its name. */
    public Draft stage(byte[] content, Lease lease) throws IOException {
        byte[] staged = StoreLayout.name(StoreLayout.freshName("cache"));
        try (Descriptor file = files.createFile(lease.directory(), staged, 0600)) {
            ByteBuffer step = ByteBuffer.allocateDirect(Math.min(STEP, content.length + 1));
            for (int at = 0; at < content.length; at += STEP) {
                step.clear();
                step.put(content, at, Math.min(STEP, content.length - at)).flip();
                files.write(file.number(), step);
            }
        }
        return new Draft(staged);
    }

    /** Replaces the first bytes of a draft and puts it in the place of the cache file of that name. */
    public void publish(Draft draft, byte[] head, String name, Lease lease) throws IOException {
        try (Descriptor file = files.openOrCreate(lease.directory(), draft.staged(), 0600)) {
            files.write(
                    file.number(),
                    ByteBuffer.allocateDirect(head.length).put(head).flip());
        }
        try {
            files.makeDirectory(store.root(), StoreLayout.CACHE, StoreLayout.PRIVATE);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
        byte[] target = StoreLayout.below(StoreLayout.CACHE, name);
        boolean added = files.statusIfPresent(store.root(), target).isEmpty();
        files.rename(lease.directory(), draft.staged(), store.root(), target);
        if (added) {
            removeOldest();
        }
    }

    private void removeOldest() throws IOException {
        try (Descriptor dir = files.openDirectory(store.root(), StoreLayout.CACHE)) {
            int count = 0;
            byte[] oldest = null;
            Timestamp since = null;
            for (DirectoryEntry entry : files.list(dir.number())) {
                Optional<FileStatus> status = files.statusIfPresent(dir.number(), entry.name());
                if (status.isPresent() && status.get().isRegular()) {
                    count++;
                    if (since == null || status.get().modified().compareTo(since) < 0) {
                        oldest = entry.name();
                        since = status.get().modified();
                    }
                }
            }
            if (count > LIMIT) {
                files.unlink(dir.number(), oldest);
            }
        } catch (ErrnoException e) {
            // Another process removed the same one.
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }
}
