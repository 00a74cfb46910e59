package dev.velo.cas.ingest;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.SourceException;
import dev.velo.cas.store.Staging;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.time.Instant;

/**
 * Reads one file after another into the staging area. The digest is always of the bytes that were stored, so a source that changes can
 * never give a wrong digest; it could give a mixture of two versions, and that is detected and read again. One per worker thread.
 */
final class FileIntake {
    private static final int ATTEMPTS = 4;

    /**
     * File systems stamp times from a clock that ticks every 1 to 10 ms, so a write right after a status call may leave both times as
     * they were. A file that was changed this recently is looked at again after the tick.
     */
    private static final long RACY_MILLIS = 20;

    private final FileOps files;
    private final Staging staging;
    private final KnownFiles known;
    private final ContentCopy copy;

    FileIntake(FileOps files, Staging staging, KnownFiles known) {
        this.files = files;
        this.staging = staging;
        this.known = known;
        this.copy = new ContentCopy(files);
    }

    /**
     * @param hidden the identity of a file that is no part of the tree, or null
     * @return null where it is the hidden file
     * @throws SourceException where the file cannot be read or keeps changing
     * @throws IOException where it cannot be stored
     */
    FileNode take(int dir, byte[] name, TreeWalk.Identity hidden) throws IOException {
        if (!known.isEmpty()) {
            FileStatus status = status(dir, name);
            if (hidden != null && hidden.isOf(status)) {
                return null;
            }
            Digest digest = status.isRegular() ? known.recall(status) : null;
            if (digest != null) {
                return new FileNode(status.permissions(), status.size(), status.modified(), digest);
            }
        }
        return read(dir, name, hidden);
    }

    private FileNode read(int dir, byte[] name, TreeWalk.Identity hidden) throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try (Descriptor source = opened(dir, name)) {
                FileStatus before = settled(source);
                if (!before.isRegular()) {
                    throw new SourceException(
                            new IOException("it became a " + before.type().words()));
                }
                if (hidden != null && hidden.isOf(before)) {
                    return null;
                }
                ContentCopy.Copied content = store(source, before);
                if (content != null && unchanged(before, files.status(source.number()), content)) {
                    known.note(before, content.digest());
                    return new FileNode(before.permissions(), content.size(), before.modified(), content.digest());
                }
            }
        }
        throw new SourceException(
                new IOException("it changed each time it was read; ingest when nothing writes to it"));
    }

    private FileStatus status(int dir, byte[] name) throws SourceException {
        try {
            return files.status(dir, name);
        } catch (IOException e) {
            throw new SourceException(e);
        }
    }

    private Descriptor opened(int dir, byte[] name) throws SourceException {
        try {
            return files.openRead(dir, name);
        } catch (IOException e) {
            throw new SourceException(e);
        }
    }

    private FileStatus settled(Descriptor source) throws IOException {
        FileStatus status = files.status(source.number());
        if (age(status.changed()) >= RACY_MILLIS) {
            return status;
        }
        try {
            Thread.sleep(RACY_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return files.status(source.number());
    }

    /** In milliseconds; a change time in the future counts as old, since waiting for it would not help. */
    private static long age(Timestamp changed) {
        long millis = changed.seconds() * 1000 + changed.nanos() / 1_000_000;
        long age = Instant.now().toEpochMilli() - millis;
        return age < 0 ? Long.MAX_VALUE : age;
    }

    private static boolean unchanged(FileStatus before, FileStatus after, ContentCopy.Copied content) {
        return content.size() == before.size()
                && after.size() == before.size()
                && after.modified().equals(before.modified())
                && after.changed().equals(before.changed());
    }

    /** Null where the file is shorter than its status had said; growth shows in its status afterwards. */
    private ContentCopy.Copied store(Descriptor source, FileStatus status) throws IOException {
        if (status.size() < ContentCopy.smallLimit()) {
            ByteBuffer content = copy.readSmall(source.number(), (int) status.size());
            return content == null ? null : storeSmall(content);
        }
        Staging.Draft draft = staging.draft();
        try {
            return storeLarge(source, status, draft);
        } catch (IOException e) {
            staging.abandon(draft);
            throw e;
        }
    }

    private ContentCopy.Copied storeLarge(Descriptor source, FileStatus status, Staging.Draft draft)
            throws IOException {
        boolean sparse = status.blocks() * 512 < status.size();
        ContentCopy.Copied content = copy.copy(source.number(), draft.file().number(), sparse);
        if (content.size() != status.size() || staging.claim(content.digest(), BlobStore.Form.PLAIN, content.size())) {
            staging.discard(draft);
        } else {
            staging.seal(draft, content.digest(), BlobStore.Form.PLAIN, content.size());
        }
        return content;
    }

    private ContentCopy.Copied storeSmall(ByteBuffer content) throws IOException {
        MessageDigest function = Digest.function();
        function.update(content.duplicate());
        Digest digest = Digest.finish(function);
        int size = content.remaining();
        if (!staging.claim(digest, BlobStore.Form.PLAIN, size)) {
            Staging.Draft draft = staging.draft();
            try {
                files.write(draft.file().number(), content);
                staging.seal(draft, digest, BlobStore.Form.PLAIN, size);
            } catch (IOException e) {
                staging.abandon(draft);
                throw e;
            }
        }
        return new ContentCopy.Copied(digest, size);
    }
}
