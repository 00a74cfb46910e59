package dev.velo.linkfarm;

import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.CorruptBlobException;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/** Gives a manifest back as an ordinary tree: inodes of its own, exact modes and times, contents verified while they are copied. Use once. */
public final class Export {
    private static final int THREADS = Math.max(2, Runtime.getRuntime().availableProcessors());

    private final Store store;
    private final FileOps files;
    private TreeWriter writing;
    private boolean cancelled;

    public Export(Store store) {
        this(store, FileOps.system());
    }

    /** @param files operations whose files belong to the caller, or ones that a test makes fail */
    Export(Store store, FileOps files) {
        this.store = store;
        this.files = files;
    }

    /**
     * Writes the tree. After a failure nothing of it is left, and nothing that was not of it is gone.
     *
     * @param target a directory that is empty or does not exist yet
     */
    public void write(Manifest manifest, UserPath target) throws VeloException {
        if (Files.exists(target.path()) && !Files.isDirectory(target.path())) {
            throw new VeloException(
                    "cannot export to " + target + ": it is not a directory",
                    "name an empty directory or one that does not exist yet");
        }
        checkContents(manifest);
        byte[] path = target.path().toString().getBytes(StandardCharsets.UTF_8);
        boolean made = make(path, target);
        try (Descriptor root = files.openDirectoryFollowing(path)) {
            refuseFull(root, target);
            int mode = files.status(root.number()).permissions();
            TreeWriter writer = started(new TreeWriter(files, new ExactCopies()));
            try {
                writer.write(manifest.tree(), root, THREADS);
            } catch (IOException | VeloException | RuntimeException | Error e) {
                takeBack(writer, root, mode, made ? path : null, e);
                throw e;
            }
        } catch (IOException e) {
            throw StoreException.of("cannot export to " + target, e);
        }
    }

    /** Makes {@link #write}, which another thread has called or will call, fail soon and clean up. */
    public synchronized void cancel() {
        cancelled = true;
        if (writing != null) {
            writing.cancel();
        }
    }

    private synchronized TreeWriter started(TreeWriter writer) {
        writing = writer;
        if (cancelled) {
            writer.cancel();
        }
        return writer;
    }

    /** Removes what the writer made. What somebody else has put into the directory meanwhile stays, and then the directory stays too. */
    private void takeBack(TreeWriter writer, Descriptor root, int mode, byte[] made, Throwable cause) {
        try {
            files.changeMode(root.number(), mode | 0700);
            writer.retract(root);
            files.changeMode(root.number(), mode);
            if (made != null) {
                files.removeDirectory(FileOps.CWD, made);
            }
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private void checkContents(Manifest manifest) throws VeloException {
        List<Manifest.Content> missing = new ArrayList<>();
        try {
            for (Manifest.Content content : manifest.contents()) {
                if (store.blobs().status(content.digest(), BlobStore.Form.PLAIN).isEmpty()) {
                    missing.add(content);
                }
            }
        } catch (IOException e) {
            throw StoreException.of("cannot read store " + store.path(), e);
        }
        if (!missing.isEmpty()) {
            throw new MissingBlobException(manifest.digest().toHex(), missing);
        }
    }

    private boolean make(byte[] path, UserPath target) throws VeloException {
        try {
            files.makeDirectory(FileOps.CWD, path, 0700);
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.EEXIST)) {
                return false;
            }
            throw new VeloException(
                    "cannot export to " + target + ": " + e.errno().text(),
                    "name a directory in a place where you may write",
                    e);
        } catch (IOException e) {
            throw StoreException.of("cannot export to " + target, e);
        }
    }

    private void refuseFull(Descriptor root, UserPath target) throws IOException, VeloException {
        if (!files.list(root.number()).isEmpty()) {
            throw new VeloException(
                    "cannot export to " + target + ": the directory is not empty",
                    "name an empty directory or one that does not exist yet");
        }
    }

    /** Files as the manifest has them, owned by the caller. */
    private final class ExactCopies implements FilePlacer {
        private final ThreadLocal<ContentCopy> copies = ThreadLocal.withInitial(() -> new ContentCopy(files));

        @Override
        public long place(int dir, byte[] name, FileNode file) throws IOException, VeloException {
            try (Descriptor blob = store.blobs().open(file.digest());
                    Descriptor target = files.createFile(dir, name, 0600)) {
                FileStatus status = files.status(blob.number());
                boolean sparse = status.blocks() * 512 < status.size();
                ContentCopy.Copied copied = copies.get().copy(blob.number(), target.number(), sparse);
                if (copied.size() != file.size() || !copied.digest().equals(file.digest())) {
                    throw new CorruptBlobException(store, file.digest());
                }
                files.changeMode(target.number(), file.mode());
                files.setModified(target.number(), file.modified());
                // Nobody asks what an export takes.
                return 0;
            }
        }
    }
}
