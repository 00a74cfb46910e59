package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileStatus;
import dev.velo.overlay.ContentSink;
import java.io.IOException;

/**
 * Takes contents up to a size of all together. A program that leaves one file with a hole of exabytes would else have Velo read zeros until
 * the end of days, when its own time limit holds no more. Not safe for use by many threads.
 */
final class BoundedSink implements ContentSink {
    /** The contents have more bytes than the bound. */
    static final class TooLargeException extends IOException {}

    private final ContentSink sink;
    private long left;

    /** @param most bytes, holes included */
    BoundedSink(ContentSink sink, long most) {
        this.sink = sink;
        this.left = most;
    }

    @Override
    public Digest store(Descriptor file, FileStatus status) throws IOException {
        if (status.size() > left) {
            throw new TooLargeException();
        }
        left -= status.size();
        return sink.store(file, status);
    }
}
