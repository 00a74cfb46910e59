package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.ContentCopy;
import dev.velo.overlay.ContentSink;
import java.io.IOException;

/** Says what contents are and keeps none. For use by one thread. */
final class HashedContents implements ContentSink {
    private final ContentCopy copy;

    HashedContents(FileOps files) {
        this.copy = new ContentCopy(files);
    }

    @Override
    public Digest store(Descriptor file, FileStatus status) throws IOException {
        return copy.hash(file.number()).digest();
    }
}
