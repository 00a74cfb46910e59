package dev.velo.linkfarm;

import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobShelf;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.CorruptBlobException;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * A file without data whose attributes tell OverlayFS where the data is: in the layer of blobs, under this name. Mode, time and size are the
 * manifest's; the kernel shows the size as it is written here. An empty file is only itself.
 */
final class MetadataFile implements FilePlacer, FileAudit {
    private static final String METACOPY = "user.overlay.metacopy";
    private static final String REDIRECT = "user.overlay.redirect";
    private static final byte[] NOTHING = {};

    private final Store store;
    private final FileOps files;
    private final BlobShelf blobs;
    private final HeldTimes times;
    /** Bits of a mode that a new file does not get; negative before it is known. */
    private volatile int withheld = -1;

    /** That attributes take beside the inode; negative before it is known. */
    private volatile long blocks = -1;

    /** @param files the store's file operations, or ones that a test makes fail */
    MetadataFile(Store store, FileOps files, BlobShelf blobs, HeldTimes times) {
        this.store = store;
        this.files = files;
        this.blobs = blobs;
        this.times = times;
    }

    /** A manifest can come from anybody, so it plants no set-user-id program on the host. A run's mounts ignore these bits anyway. */
    private static int mode(FileNode file) {
        return file.mode() & 0777;
    }

    private static byte[] redirect(FileNode file) {
        return BlobStore.nameInDataLayer(file.digest());
    }

    @Override
    public long place(int dir, byte[] name, FileNode file) throws IOException, CorruptBlobException {
        if (file.size() > 0) {
            StorePlacer.checkSize(store, blobs, file, BlobStore.Form.PLAIN);
        }
        int mode = mode(file);
        // Writing attributes needs the right to write the file, whatever its mode will be.
        int first = withheld < 0 ? 0777 : (mode & 0200) != 0 ? mode : 0600;
        try (Descriptor target = files.createFile(dir, name, first)) {
            if (withheld < 0) {
                // By the caller's umask, or by a default list of access rights on the store: of every file alike.
                withheld = 0777 & ~files.status(target.number()).permissions();
            }
            if (file.size() > 0) {
                files.setAttribute(target.number(), METACOPY, NOTHING);
                files.setAttribute(target.number(), REDIRECT, redirect(file));
                files.truncate(target.number(), file.size());
            }
            if (mode != (first & ~withheld)) {
                files.changeMode(target.number(), mode);
            }
            files.setModified(target.number(), file.modified());
            return FarmIndex.INODE + FarmIndex.BLOCK * (file.size() == 0 ? 0 : attributeBlocks(target));
        }
    }

    /** Of one such file, for all: names in the store are all as long, so attributes that fit into one inode fit into the others. */
    private long attributeBlocks(Descriptor file) throws IOException {
        if (blocks < 0) {
            blocks = files.status(file.number()).blocks();
        }
        return blocks;
    }

    @Override
    public String fault(FileStatus status, FileNode file) throws IOException {
        if (status.permissions() != mode(file) || !times.same(status.modified(), file.modified())) {
            return "mode or time has changed";
        }
        if (status.size() != file.size()) {
            return "its size has changed";
        }
        return status.links() == 1 ? null : "it has another name";
    }

    @Override
    public String fault(int dir, byte[] name, FileStatus status, FileNode file) throws IOException {
        String seen = fault(status, file);
        if (seen != null) {
            return seen;
        }
        if (!refersTo(dir, name, status, file)) {
            return "it refers to other content";
        }
        Optional<FileStatus> blob =
                file.size() == 0 ? Optional.of(status) : blobs.status(file.digest(), BlobStore.Form.PLAIN);
        return blob.filter(found -> found.size() == file.size()).isPresent()
                ? null
                : "the store lacks its content, or has it in another size";
    }

    @Override
    public Set<String> attributes(FileNode file) {
        return file.size() == 0 ? Set.of() : Set.of(METACOPY, REDIRECT);
    }

    /** Reading an attribute needs the right to read the file, which its mode may deny to its owner. */
    private boolean refersTo(int dir, byte[] name, FileStatus status, FileNode file) throws IOException {
        boolean closed = (status.permissions() & 0400) == 0 && files.effectiveUid() != 0;
        if (closed) {
            files.changeMode(dir, name, status.permissions() | 0400);
        }
        try {
            Optional<byte[]> redirect = files.attribute(dir, name, REDIRECT);
            boolean metacopy = files.attribute(dir, name, METACOPY).isPresent();
            return file.size() == 0
                    ? redirect.isEmpty() && !metacopy
                    : metacopy && redirect.isPresent() && Arrays.equals(redirect.get(), redirect(file));
        } finally {
            if (closed) {
                files.changeMode(dir, name, status.permissions());
            }
        }
    }
}
