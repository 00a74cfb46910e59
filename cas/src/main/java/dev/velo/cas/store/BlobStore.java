package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Blobs by digest. A blob is a file of mode 0444 with one fixed modification time; content that a manifest uses with the execute bit
 * has a twin of mode 0555, another inode, made when it is first needed. So no chmod ever touches an inode that is shared.
 */
public final class BlobStore {
    /** The class of inode: shared inodes have one mode each. */
    public enum Form {
        PLAIN,
        EXECUTABLE;

        public static Form of(boolean executable) {
            return executable ? EXECUTABLE : PLAIN;
        }

        /** The mode of every inode of this form. */
        public int mode() {
            return this == PLAIN ? StoreLayout.BLOB_MODE : StoreLayout.TWIN_MODE;
        }

        byte[] directory() {
            return this == PLAIN ? StoreLayout.BLOBS : StoreLayout.TWINS;
        }
    }

    /** The directory that holds the blobs, and nothing else, relative to the store's root: OverlayFS can take it as a data-only layer. */
    public static final String DATA_LAYER = new String(StoreLayout.BLOBS, StandardCharsets.UTF_8);

    private final Store store;
    private final FileOps files;

    BlobStore(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /** The name of a blob relative to the store's root, whether it is there or not. */
    public static byte[] nameOf(Digest digest, Form form) {
        return StoreLayout.blobName(form.directory(), digest);
    }

    /** The name of a plain blob in the data layer, as a redirect of OverlayFS has it: absolute, the layer being the root. */
    public static byte[] nameInDataLayer(Digest digest) {
        byte[] name = nameOf(digest, Form.PLAIN);
        return Arrays.copyOfRange(name, StoreLayout.BLOBS.length, name.length);
    }

    /** The status of a blob's inode, empty where the store has none of that form. */
    public Optional<FileStatus> status(Digest digest, Form form) throws IOException {
        return files.statusIfPresent(store.root(), nameOf(digest, form));
    }

    /** Opens a blob for reading; ENOENT where the store has none. */
    public Descriptor open(Digest digest) throws IOException {
        return files.openRead(store.root(), nameOf(digest, Form.PLAIN));
    }

    /**
     * Marks a blob as in use now, so that a collector keeps it for every lease that began before. False where there is none of that
     * form. Passing the gate makes the answer hold: the collector looks at its candidates only when nobody passes.
     */
    public boolean claim(Digest digest, Form form, Lease lease) throws IOException {
        return claim(nameOf(digest, form), status -> true, lease);
    }

    /** As above, but a file of another size or type is none: a disk or a backup has damaged it, and {@link #publish} replaces it. */
    boolean claim(Digest digest, Form form, long size, Lease lease) throws IOException {
        return claim(nameOf(digest, form), status -> isWhole(status, size), lease);
    }

    private boolean claim(byte[] name, Predicate<FileStatus> fit, Lease lease) throws IOException {
        // Most contents of a first ingest are new: one look without the gate instead of three calls with it.
        if (files.statusIfPresent(store.root(), name).filter(fit).isEmpty()) {
            return false;
        }
        return store.gate().shared(() -> markUsed(name, lease));
    }

    private static boolean isWhole(FileStatus status, long size) {
        return status.isRegular() && status.size() == size;
    }

    /**
     * Gives staged files their names, in one passage of the gate. EEXIST is success: the same content is there, is claimed, and the
     * staged file goes.
     *
     * @param staged complete, with their final modes and times, and synced
     * @return those that are new
     */
    List<Staging.Sealed> publish(Lease lease, Collection<Staging.Sealed> staged) throws IOException {
        return store.gate().shared(() -> {
            List<Staging.Sealed> fresh = new ArrayList<>(staged.size());
            for (Staging.Sealed next : staged) {
                if (publish(lease, next)) {
                    fresh.add(next);
                }
            }
            return fresh;
        });
    }

    private boolean publish(Lease lease, Staging.Sealed fresh) throws IOException {
        byte[] staged = fresh.name();
        Digest digest = fresh.digest();
        Form form = fresh.form();
        byte[] name = nameOf(digest, form);
        for (int attempt = 0; ; attempt++) {
            try {
                files.renameNew(lease.directory(), staged, store.root(), name);
                cover(name, lease);
                return true;
            } catch (ErrnoException e) {
                if (e.is(Errno.EEXIST)) {
                    if (files.statusIfPresent(store.root(), name)
                            .filter(status -> isWhole(status, fresh.size()))
                            .isEmpty()) {
                        files.rename(lease.directory(), staged, store.root(), name);
                        cover(name, lease);
                        return true;
                    }
                    if (!markUsed(name, lease)) {
                        continue;
                    }
                    files.unlink(lease.directory(), staged);
                    return false;
                }
                if (!e.is(Errno.ENOENT) || attempt > 0) {
                    throw e;
                }
                makeShard(lease.directory(), digest, form);
            }
        }
    }

    /**
     * Gives the name of a blob to a staged file with the same content.
     *
     * @param staged complete, with its final mode and time, and synced
     */
    void exchange(Lease lease, byte[] staged, byte[] name) throws IOException {
        store.gate().shared(() -> {
            files.rename(lease.directory(), staged, store.root(), name);
            cover(name, lease);
            return null;
        });
    }

    /** A rename changes the inode, which is what tells its age; a clock that was set back makes it look older than the lease. */
    private void cover(byte[] name, Lease lease) throws IOException {
        lease.cover(files.status(store.root(), name).changed());
    }

    private boolean markUsed(byte[] name, Lease lease) throws IOException {
        Optional<FileStatus> before = files.statusIfPresent(store.root(), name);
        if (before.isEmpty() || !store.immutability().markUsed(name)) {
            return false;
        }
        Timestamp changed = files.status(store.root(), name).changed();
        if (changed.compareTo(before.get().changed()) < 0) {
            // The clock was set back, and with it this mark; another writer may count on the younger one that was
            // there.
            store.leases().cover(changed);
        }
        if (changed.compareTo(lease.since()) < 0 && !store.immutability().is(name)) {
            lease.cover(changed);
        }
        return true;
    }

    /** Made below the lease and moved: whoever is killed between mkdir(2) and chown(2) leaves nothing of a wrong owner behind. */
    private void makeShard(int stagedDir, Digest digest, Form form) throws IOException {
        byte[] staged = StoreLayout.name(StoreLayout.freshName("shard"));
        files.makeDirectory(stagedDir, staged, StoreLayout.PRIVATE);
        try {
            files.renameNew(stagedDir, staged, store.root(), StoreLayout.shardName(form.directory(), digest));
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
    }
}
