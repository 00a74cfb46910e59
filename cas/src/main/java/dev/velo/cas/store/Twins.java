package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import java.io.IOException;
import java.util.Collection;

/** Makes the executable twins that a farm needs: a copy of the blob in an inode of mode 0555, verified while it is copied. */
public final class Twins {
    private final Store store;
    private final BlobStore blobs;

    public Twins(Store store, BlobStore blobs) {
        this.store = store;
        this.blobs = blobs;
    }

    /**
     * Makes the twins that are missing and claims the others.
     *
     * @throws CorruptBlobException where a blob's content is not what its name says
     * @throws IOException with ENOENT where a blob is missing
     */
    public void ensure(Collection<Digest> digests, Lease lease) throws IOException, CorruptBlobException {
        Staging staging = new Staging(store, blobs, lease);
        ContentCopy copy = new ContentCopy(store.files());
        for (Digest digest : digests) {
            if (!staging.claim(digest, BlobStore.Form.EXECUTABLE)) {
                stage(digest, staging, copy);
            }
        }
        staging.commit();
    }

    private void stage(Digest digest, Staging staging, ContentCopy copy) throws IOException, CorruptBlobException {
        try (Descriptor blob = blobs.open(digest)) {
            Staging.Draft draft = staging.draft();
            try {
                ContentCopy.Copied copied =
                        copy.copy(blob.number(), draft.file().number(), false);
                if (!copied.digest().equals(digest)) {
                    throw new CorruptBlobException(store, digest);
                }
                staging.seal(draft, digest, BlobStore.Form.EXECUTABLE, copied.size());
            } catch (IOException | CorruptBlobException e) {
                staging.abandon(draft);
                throw e;
            }
        }
    }
}
