package dev.velo.linkfarm;

import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobShelf;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.CorruptBlobException;
import dev.velo.cas.store.Replicas;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreLayout;
import java.io.IOException;

/** Places the files of a farm from the store's blobs and executable twins. */
final class StorePlacer implements FilePlacer {
    /** Where even a fresh inode cannot be linked, another one will not be. */
    private static final int RENEWALS = 1;

    private final Store store;
    private final FileOps files;
    private final BlobShelf blobs;
    private final Replicas replicas;
    private final Placement placement;
    private final ThreadLocal<ContentCopy> copies;

    /** @param files the store's file operations, or ones that a test makes fail */
    StorePlacer(Store store, FileOps files, BlobShelf blobs, Replicas replicas, Placement placement) {
        this.store = store;
        this.files = files;
        this.blobs = blobs;
        this.replicas = replicas;
        this.placement = placement;
        this.copies = ThreadLocal.withInitial(() -> new ContentCopy(files));
    }

    @Override
    public long place(int dir, byte[] name, FileNode file) throws IOException, CorruptBlobException {
        BlobStore.Form form = BlobStore.Form.of(file.isExecutable());
        // The empty blob would be the most linked inode of all, and any one writer could poison every empty file.
        if (placement != Placement.HARDLINK || file.size() == 0) {
            return copy(dir, name, file, form);
        }
        checkSize(store, blobs, file, form);
        try {
            blobs.link(file.digest(), form, dir, name);
            return 0;
        } catch (ErrnoException e) {
            if (!e.is(Errno.EPERM) && !e.is(Errno.EMLINK)) {
                throw e;
            }
            if (e.is(Errno.EPERM) || !linkAnew(dir, name, file, form)) {
                // No more links to this inode, which may be immutable: this name gets one of its own that looks the
                // same.
                return copy(dir, name, file, form);
            }
            return 0;
        }
    }

    /** One thread at a time, and a link is tried first: another thread may have put a fresh inode in the blob's place. */
    private synchronized boolean linkAnew(int dir, byte[] name, FileNode file, BlobStore.Form form)
            throws IOException, CorruptBlobException {
        for (int renewals = 0; ; renewals++) {
            try {
                blobs.link(file.digest(), form, dir, name);
                return true;
            } catch (ErrnoException e) {
                if (e.is(Errno.EPERM)) {
                    return false;
                }
                if (!e.is(Errno.EMLINK)) {
                    throw e;
                }
            }
            if (renewals == RENEWALS || !replicas.renew(file.digest(), form)) {
                return false;
            }
        }
    }

    /** A blob that a crash or a hand has cut short must not look like the content of a farm. */
    static void checkSize(Store store, BlobShelf blobs, FileNode file, BlobStore.Form form)
            throws IOException, CorruptBlobException {
        FileStatus blob = blobs.status(file.digest(), form)
                .orElseThrow(() -> new ErrnoException("link", BlobStore.nameOf(file.digest(), form), Errno.ENOENT));
        if (blob.size() != file.size()) {
            throw new CorruptBlobException(store, file.digest());
        }
    }

    private long copy(int dir, byte[] name, FileNode file, BlobStore.Form form)
            throws IOException, CorruptBlobException {
        try (Descriptor target = files.createFile(dir, name, 0600)) {
            if (file.size() > 0) {
                try (Descriptor blob =
                        files.openRead(store.root(), BlobStore.nameOf(file.digest(), BlobStore.Form.PLAIN))) {
                    ContentCopy.Copied copied = copies.get().copy(blob.number(), target.number(), true);
                    if (copied.size() != file.size() || !copied.digest().equals(file.digest())) {
                        throw new CorruptBlobException(store, file.digest());
                    }
                }
            }
            files.changeMode(target.number(), form.mode());
            files.setModified(target.number(), StoreLayout.FIXED_TIME);
            // Blocks that are shared are the blob's as well, and the kernel counts them with each.
            boolean shared = placement == Placement.REFLINK || file.size() == 0;
            return FarmIndex.INODE
                    + (shared
                            ? 0
                            : FarmIndex.BLOCK * files.status(target.number()).blocks());
        }
    }
}
