package dev.velo.cas.ingest;

import java.util.concurrent.atomic.LongAdder;

/** Counters that an ingest advances and a display may read at any time from any thread. */
public final class IngestProgress {
    private final LongAdder found = new LongAdder();
    private final LongAdder files = new LongAdder();
    private final LongAdder bytes = new LongAdder();

    void filesFound(int count) {
        found.add(count);
    }

    void fileDone(long size) {
        files.increment();
        bytes.add(size);
    }

    /** Files seen by the walk so far. */
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
