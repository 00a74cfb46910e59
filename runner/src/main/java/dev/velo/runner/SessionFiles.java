package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;
import dev.velo.shim.SessionDigests;
import dev.velo.shim.ShimSession;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The files of a session that has ended. Where their contents are wanted the files themselves become blobs, if nothing is against it: nobody is
 * left who needs them. For use by one thread.
 */
final class SessionFiles {
    /** What has that node is no file with a content. */
    static final class NotRegularException extends Exception {
        private final transient FileType type;

        NotRegularException(FileType type) {
            this.type = type;
        }

        FileType type() {
            return type;
        }
    }

    /** The label of a security module says who may use a file, and is the same for all that Velo makes. */
    private static final Set<String> OF_THE_HOST = Set.of("security.selinux");

    /** Blocks behind the end of a file, as some programs and file systems reserve them. */
    private static final long RESERVED = 1 << 20;

    private final FileOps files;
    private final int store;
    private final String run;
    private final SessionDigests known;
    private final Optional<Staging> staging;
    private final ContentCopy copy;
    private final Map<Integer, FileNode> taken = new HashMap<>();
    private long left;

    /**
     * @param run the name of its lease
     * @param staging for the contents; empty where digests are enough
     * @param most bytes that all of them may have, as {@link BoundedSink}
     */
    SessionFiles(Store store, String run, SessionDigests known, Optional<Staging> staging, long most) {
        this.files = store.files();
        this.store = store.root();
        this.run = Lease.placeOf(run);
        this.known = known;
        this.staging = staging;
        this.copy = new ContentCopy(files);
        this.left = most;
    }

    /** A node may have many names, but one file, which may be gone after the first time. */
    FileNode take(int node) throws IOException, NotRegularException {
        FileNode before = taken.get(node);
        if (before != null) {
            return before;
        }
        byte[] name = (run + "/" + ShimSession.file(node)).getBytes(StandardCharsets.UTF_8);
        FileStatus status = files.status(store, name);
        if (!status.isRegular()) {
            throw new NotRegularException(status.type());
        }
        if (status.size() > left) {
            throw new BoundedSink.TooLargeException();
        }
        left -= status.size();
        FileNode file =
                new FileNode(status.permissions(), status.size(), status.modified(), digest(node, name, status));
        taken.put(node, file);
        return file;
    }

    private Digest digest(int node, byte[] name, FileStatus status) throws IOException {
        Optional<Digest> digest = known.of(node, status);
        if (digest.isPresent() && isEnough(digest.get(), status)) {
            return digest.get();
        }
        // One that its owner may not read.
        if ((status.permissions() & 0400) == 0) {
            files.changeMode(store, name, status.permissions() | 0400);
        }
        try (Descriptor file = files.openRead(store, name)) {
            if (staging.isEmpty()) {
                return copy.hash(file.number()).digest();
            }
            return stored(name, file, status);
        }
    }

    private boolean isEnough(Digest digest, FileStatus status) throws IOException {
        return staging.isEmpty() || staging.get().claim(digest, BlobStore.Form.PLAIN, status.size());
    }

    private Digest stored(byte[] name, Descriptor file, FileStatus status) throws IOException {
        if (!isBlobByItself(name, file, status)) {
            return new StoredContents(files, staging.get()).store(file, status);
        }
        // Also where it is known: the name of a blob is only ever what its bytes were just found to be.
        Digest content = copy.hash(file.number()).digest();
        if (isEnough(content, status)) {
            return content;
        }
        try {
            staging.get().adopt(store, name, file, content, status.size());
            return content;
        } catch (ErrnoException e) {
            // It has a flag that keeps it where it is, or an owner that cannot be changed.
            return new StoredContents(files, staging.get()).store(file, status);
        }
    }

    /** What would stay on a blob that no copy has; and nobody may be left who writes to it, as who has other ids and cannot be ended. */
    private boolean isBlobByItself(byte[] name, Descriptor file, FileStatus status) throws IOException {
        return status.links() == 1
                && status.blocks() * 512 <= status.size() + RESERVED
                && OF_THE_HOST.containsAll(files.attributeNames(store, name))
                && !files.mayBeWritten(file.number());
    }
}
