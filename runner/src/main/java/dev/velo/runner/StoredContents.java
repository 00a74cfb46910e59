package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.Staging;
import dev.velo.overlay.ContentSink;
import java.io.IOException;

/** Copies contents into a staging. For use by one thread. */
final class StoredContents implements ContentSink {
    private final Staging staging;
    private final ContentCopy copy;

    /** @param files read what is copied */
    StoredContents(FileOps files, Staging staging) {
        this.staging = staging;
        this.copy = new ContentCopy(files);
    }

    @Override
    public Digest store(Descriptor file, FileStatus status) throws IOException {
        return copied(file, status).digest();
    }

    /** The digest is of the bytes that were stored, and so is the size. */
    ContentCopy.Copied copied(Descriptor file, FileStatus status) throws IOException {
        Staging.Draft draft = staging.draft();
        try {
            boolean sparse = status.blocks() * 512 < status.size();
            ContentCopy.Copied copied = copy.copy(file.number(), draft.file().number(), sparse);
            if (staging.claim(copied.digest(), BlobStore.Form.PLAIN)) {
                staging.discard(draft);
            } else {
                staging.seal(draft, copied.digest(), BlobStore.Form.PLAIN, copied.size());
            }
            return copied;
        } catch (IOException e) {
            staging.abandon(draft);
            throw e;
        }
    }
}
