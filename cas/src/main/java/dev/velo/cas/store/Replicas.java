package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;

/**
 * New inodes for blobs that have all the links that their file system allows: 65,000 on ext4. The replica takes the blob's name, the old
 * inode stays where it is linked. Safe for use by many threads.
 */
public final class Replicas {
    private final Store store;
    private final FileOps files;
    private final Lease lease;

    /** @param lease of the caller, which protects the blobs meanwhile */
    public Replicas(Store store, Lease lease) {
        this.store = store;
        this.files = store.files();
        this.lease = lease;
    }

    /**
     * Gives the blob's name to a fresh inode. Content and look are the same, so it does not matter who else does that at the same time.
     *
     * @return false where the name cannot be taken away from its inode, which is protected
     * @throws CorruptBlobException where the blob's content is not what its name says
     */
    public boolean renew(Digest digest, BlobStore.Form form) throws IOException, CorruptBlobException {
        byte[] name = BlobStore.nameOf(digest, form);
        Staging staging = new Staging(store, store.blobs(), lease);
        Staging.Draft draft = staging.draft();
        try (Descriptor blob = files.openRead(store.root(), name)) {
            ContentCopy.Copied copied =
                    new ContentCopy(files).copy(blob.number(), draft.file().number(), false);
            if (!copied.digest().equals(digest)) {
                throw new CorruptBlobException(store, digest);
            }
            staging.seal(draft, digest, form, copied.size());
            // Before the name stands for it: a power cut must not leave less than there was.
            files.syncFileSystem(store.root());
            store.blobs().exchange(lease, draft.name(), name);
            return true;
        } catch (ErrnoException e) {
            staging.abandon(draft);
            if (e.is(Errno.EPERM)) {
                return false;
            }
            throw e;
        } catch (IOException | CorruptBlobException e) {
            staging.abandon(draft);
            throw e;
        }
    }
}
