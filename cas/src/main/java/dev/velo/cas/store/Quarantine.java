package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Where damaged files go: out of everybody's way and never deleted unseen. */
public final class Quarantine {
    private final Store store;
    private final FileOps files;
    private final BlobStore blobs;

    public Quarantine(Store store) {
        this.store = store;
        this.files = store.files();
        this.blobs = store.blobs();
    }

    /**
     * Moves a damaged blob away and puts sound content in its place where the store has it in the other form.
     *
     * @param damaged the inode that was found damaged: another one that has its name by now, from an ingest or another repair, stays
     * @return true where the content is sound again
     */
    public boolean replace(StoreContents.Item item, FileStatus damaged) throws IOException {
        String name = item.form().name().toLowerCase(Locale.ROOT) + "-" + item.digest();
        BlobStore.Form other = item.form() == BlobStore.Form.PLAIN ? BlobStore.Form.EXECUTABLE : BlobStore.Form.PLAIN;
        try (Lease lease = store.leases().take(Lease.Kind.INGEST, List.of());
                Descriptor source = files.openRead(store.root(), BlobStore.nameOf(item.digest(), other))) {
            Staging staging = new Staging(store, blobs, lease);
            Staging.Draft draft = staging.draft();
            try {
                ContentCopy.Copied copied = new ContentCopy(files)
                        .copy(source.number(), draft.file().number(), false);
                if (!copied.digest().equals(item.digest())) {
                    staging.discard(draft);
                    return !move(item.path(), name, damaged);
                }
                staging.seal(draft, item.digest(), item.form(), copied.size());
            } catch (IOException e) {
                staging.abandon(draft);
                throw e;
            }
            files.syncFileSystem(store.root());
            exchange(item.path(), name, damaged, new StagedName(lease, draft.name()));
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return !move(item.path(), name, damaged);
            }
            throw e;
        } catch (StoreException e) {
            throw new IOException(e);
        }
    }

    /** Moves the store's damaged copy of a manifest away. */
    public boolean takeManifest(Digest manifest) throws IOException {
        return store.gate().exclusive(() -> {
            Optional<byte[]> copy = store.roots().copyOf(manifest);
            if (copy.isPresent() && !Digest.of(copy.get()).equals(manifest)) {
                move(StoreLayout.manifestName(manifest), "manifest-" + manifest);
            }
            return true;
        });
    }

    private record StagedName(Lease lease, byte[] name) {}

    /** Nobody publishes a blob while this looks: call it inside the exclusive gate. */
    private boolean isStill(byte[] path, FileStatus damaged) throws IOException {
        Optional<FileStatus> now = files.statusIfPresent(store.root(), path);
        return now.isPresent() && now.get().isSameFile(damaged);
    }

    /** False where the damaged file is not there any more. */
    private boolean move(byte[] path, String name, FileStatus damaged) throws IOException {
        return store.gate().exclusive(() -> {
            if (!isStill(path, damaged)) {
                return false;
            }
            move(path, name);
            return true;
        });
    }

    private void exchange(byte[] path, String name, FileStatus damaged, StagedName staged) throws IOException {
        store.gate().exclusive(() -> {
            if (isStill(path, damaged)) {
                exchange(path, name, staged.lease(), staged.name());
            }
            return null;
        });
    }

    /** A second name for the damaged file first, so that the blob's own name stands for content at every moment. */
    private void exchange(byte[] path, String name, Lease lease, byte[] staged) throws IOException {
        makeDirectory();
        byte[] kept = StoreLayout.below(StoreLayout.QUARANTINE, StoreLayout.freshName(name));
        try {
            files.link(store.root(), path, store.root(), kept);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EMLINK) && !e.is(Errno.EPERM) && !e.is(Errno.EOPNOTSUPP)) {
                throw e;
            }
            files.rename(store.root(), path, store.root(), kept);
        }
        files.rename(lease.directory(), staged, store.root(), path);
        files.syncFileSystem(store.root());
    }

    private void move(byte[] path, String name) throws IOException {
        makeDirectory();
        files.rename(
                store.root(),
                path,
                store.root(),
                StoreLayout.below(StoreLayout.QUARANTINE, StoreLayout.freshName(name)));
    }

    /** By way of the trash: whoever is killed between mkdir(2) and chown(2) leaves nothing of a wrong owner behind. */
    private void makeDirectory() throws IOException {
        if (files.statusIfPresent(store.root(), StoreLayout.QUARANTINE).isPresent()) {
            return;
        }
        byte[] staged = StoreLayout.below(StoreLayout.TRASH, StoreLayout.freshName("quarantine"));
        files.makeDirectory(store.root(), staged, StoreLayout.PRIVATE);
        try {
            files.renameNew(store.root(), staged, store.root(), StoreLayout.QUARANTINE);
        } catch (ErrnoException e) {
            files.removeDirectory(store.root(), staged);
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
    }
}
