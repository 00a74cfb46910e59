package dev.velo.cas.posix;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;

/** An open file descriptor that closes once. Safe to close from any thread; using it after that is a programming error. */
public final class Descriptor implements AutoCloseable {
    private final FileOps ops;
    private final int number;
    private final AtomicBoolean closed = new AtomicBoolean();

    Descriptor(FileOps ops, int number) {
        this.ops = ops;
        this.number = number;
    }

    /** The number, for the calls of {@link FileOps} and for handing over at exec. */
    public int number() {
        if (closed.get()) {
            throw new IllegalStateException("descriptor " + number + " is closed");
        }
        return number;
    }

    @Override
    public void close() throws IOException {
        if (closed.compareAndSet(false, true)) {
            ops.close(number);
        }
    }

    @Override
    public String toString() {
        return "descriptor " + number;
    }
}
