package dev.velo.transfer.reapi;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** Does pieces of work a few at a time. After the first failure no further one is begun, and those under way are interrupted. */
final class Lanes {
    /** Enough to hide the way to a server and back; each holds one batch or one piece of a stream in memory. */
    private static final int COUNT = 4;

    /** A piece of work that may fail. */
    interface Task {
        void run() throws VeloException, IOException;
    }

    private Lanes() {}

    static void run(List<Task> tasks, Faults faults) throws VeloException, IOException {
        int lanes = Math.min(COUNT, tasks.size());
        if (lanes == 0) {
            return;
        }
        Iterator<Task> rest = tasks.iterator();
        ExecutorService pool = Executors.newFixedThreadPool(lanes, work -> {
            Thread thread = new Thread(work, "velo-transfer");
            thread.setDaemon(true);
            return thread;
        });
        ExecutorCompletionService<Void> done = new ExecutorCompletionService<>(pool);
        try {
            for (int i = 0; i < lanes; i++) {
                done.submit(() -> {
                    for (Task task = next(rest); task != null; task = next(rest)) {
                        task.run();
                    }
                    return null;
                });
            }
            for (int i = 0; i < lanes; i++) {
                done.take().get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw faults.interrupted();
        } catch (ExecutionException e) {
            rethrow(e.getCause());
        } finally {
            stop(pool);
        }
    }

    private static Task next(Iterator<Task> rest) {
        synchronized (rest) {
            return rest.hasNext() && !Thread.currentThread().isInterrupted() ? rest.next() : null;
        }
    }

    /** Waits: what the lanes write to must not be closed under them. */
    private static void stop(ExecutorService pool) {
        pool.shutdownNow();
        try {
            while (!pool.awaitTermination(1, TimeUnit.MINUTES)) {
                continue;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void rethrow(Throwable cause) throws VeloException, IOException {
        if (cause instanceof VeloException e) {
            throw e;
        }
        if (cause instanceof IOException e) {
            throw e;
        }
        if (cause instanceof Error e) {
            throw e;
        }
        throw (RuntimeException) cause;
    }
}
