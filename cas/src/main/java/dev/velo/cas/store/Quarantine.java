package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.util.List;
import java.util.Locale;

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
     * @return true where the content is sound again
     */
    public boolean replace(StoreContents.Item item) throws IOException {
        move(item.path(), item.form().name().toLowerCase(Locale.ROOT) + "-" + item.digest());
        BlobStore.Form other = item.form() == BlobStore.Form.PLAIN ? BlobStore.Form.EXECUTABLE : BlobStore.Form.PLAIN;
        try (Lease lease = store.leases().take(Lease.Kind.INGEST, List.of());
                Descriptor source = files.openRead(store.root(), BlobStore.nameOf(item.digest(), other))) {
            Staging staging = new Staging(store, blobs, lease);
            Staging.Draft draft = staging.draft();
            ContentCopy.Copied copied =
                    new ContentCopy(files).copy(source.number(), draft.file().number(), false);
            if (!copied.digest().equals(item.digest())) {
                staging.discard(draft);
                return false;
            }
            staging.seal(draft, item.digest(), item.form(), copied.size());
            staging.commit();
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return false;
            }
            throw e;
        } catch (StoreException e) {
            throw new IOException(e);
        }
    }

    /** Moves the store's damaged copy of a manifest away. */
    public boolean takeManifest(Digest manifest) throws IOException {
        move(StoreLayout.manifestName(manifest), "manifest-" + manifest);
        return true;
    }

    private void move(byte[] path, String name) throws IOException {
        try {
            files.makeDirectory(store.root(), StoreLayout.QUARANTINE, StoreLayout.PRIVATE);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
        files.rename(
                store.root(),
                path,
                store.root(),
                StoreLayout.below(StoreLayout.QUARANTINE, StoreLayout.freshName(name)));
    }
}
