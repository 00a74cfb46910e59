package dev.velo.cas.ingest;

import dev.velo.cas.Progress;
import dev.velo.cas.TreePath;
import dev.velo.cas.posix.ErrnoException;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;

/** What an ingest met on its way: counts, faults, things left out. Safe for use by many threads. */
final class IngestLog {
    final LongAdder files = new LongAdder();
    final LongAdder directories = new LongAdder();
    final LongAdder symlinks = new LongAdder();
    final LongAdder bytes = new LongAdder();
    private final Progress progress;
    private final ConcurrentLinkedQueue<String> skipped = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> faults = new ConcurrentLinkedQueue<>();
    private final ConcurrentLinkedQueue<String> secrets = new ConcurrentLinkedQueue<>();

    IngestLog(Progress progress) {
        this.progress = progress;
    }

    void filesFound(int count) {
        progress.found(count);
    }

    void fileDone(long size) {
        files.increment();
        bytes.add(size);
        progress.done(size);
    }

    void skip(TreePath path, String reason) {
        skipped.add(path + ": " + reason);
    }

    void secret(TreePath path, String what) {
        secrets.add(path + ": " + what);
    }

    void fault(TreePath path, String reason) {
        faults.add(path + ": " + reason);
    }

    void fault(TreePath path, IOException cause) {
        fault(path, cause instanceof ErrnoException e ? e.errno().text() : String.valueOf(cause.getMessage()));
    }

    /** Sorted: the order of discovery depends on threads. */
    List<String> skippedLines() {
        return skipped.stream().sorted().toList();
    }

    /** Sorted. */
    List<String> secretLines() {
        return secrets.stream().sorted().toList();
    }

    /** Sorted. */
    List<String> faultLines() {
        return faults.stream().sorted().toList();
    }
}
