package dev.velo.cas.ingest;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/** A bounded pool: a full queue makes the submitter wait. After the first failure the remaining work is dropped. */
final class Workers implements AutoCloseable {
    /** A piece of work that may fail. */
    interface Task {
        void run() throws IOException;
    }

    /** Bounds the descriptors that waiting work holds open as well as the memory. */
    private static final int QUEUE = 256;

    private final ExecutorService pool;
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    Workers(int count) {
        this(pool(count));
    }

    Workers(ExecutorService pool) {
        this.pool = pool;
    }

    private static ExecutorService pool(int count) {
        ThreadPoolExecutor pool =
                new ThreadPoolExecutor(count, count, 0, TimeUnit.SECONDS, new ArrayBlockingQueue<>(QUEUE));
        pool.setThreadFactory(task -> {
            Thread thread = new Thread(task, "velo-ingest");
            thread.setDaemon(true);
            return thread;
        });
        // Waits for room: the default would refuse, and running the task on the walking thread would stall the walk.
        pool.setRejectedExecutionHandler((task, executor) -> {
            try {
                executor.getQueue().put(task);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        return pool;
    }

    void submit(Task task) {
        pool.execute(() -> {
            try {
                task.run();
            } catch (IOException | RuntimeException | Error e) {
                failure.compareAndSet(null, e);
            }
        });
    }

    /** True where going on makes no sense. */
    boolean failed() {
        return failure.get() != null;
    }

    /** Waits for everything submitted. */
    void finish() throws IOException, VeloException {
        pool.shutdown();
        try {
            pool.awaitTermination(Long.MAX_VALUE, TimeUnit.DAYS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VeloException("cannot finish the ingest: it was interrupted", "start it again", e);
        }
        Throwable cause = failure.get();
        if (cause instanceof IOException e) {
            throw e;
        }
        if (cause instanceof RuntimeException e) {
            throw e;
        }
        if (cause instanceof Error e) {
            throw e;
        }
    }

    /** Returns when no task runs any more: they use descriptors that the caller closes next. */
    @Override
    public void close() {
        failure.compareAndSet(null, new IOException("given up"));
        pool.shutdown();
        boolean interrupted = false;
        while (true) {
            try {
                pool.awaitTermination(Long.MAX_VALUE, TimeUnit.DAYS);
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
