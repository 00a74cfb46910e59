package dev.velo.cas;

import java.util.concurrent.atomic.LongAdder;

/** Counters that long work over many files advances and a display may read at any time from any thread. */
public final class Progress {
    private final LongAdder found = new LongAdder();
    private final LongAdder files = new LongAdder();
    private final LongAdder bytes = new LongAdder();

    public void found(long count) {
        found.add(count);
    }

    public void done(long size) {
        files.increment();
        bytes.add(size);
    }

    /** Bytes of a file that is counted apart. */
    public void read(long size) {
        bytes.add(size);
    }

    /** Files seen so far. */
    public long found() {
        return found.sum();
    }

    /** Files done so far. */
    public long files() {
        return files.sum();
    }

    /** Bytes done so far. */
    public long bytes() {
        return bytes.sum();
    }
}
