package dev.velo.cas.store;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** The same work on many numbered pieces, by as many threads as there are processors. */
public final class Parallel<T> {
    /** Work on one piece. */
    public interface Work<T> {
        T on(int piece) throws IOException, StoreException;
    }

    /** Fewer pieces than these are done by the caller: threads would cost more than they save. */
    private static final int WORTHWHILE = 16;

    private final String attempt;

    /** @param attempt what it is all for, as messages begin: "cannot ..." */
    public Parallel(String attempt) {
        this.attempt = attempt;
    }

    /** The results in the order of the pieces. After a failure the work that has not begun is dropped. */
    public List<T> map(int pieces, Work<T> work) throws IOException, StoreException {
        if (pieces < WORTHWHILE) {
            List<T> results = new ArrayList<>();
            for (int i = 0; i < pieces; i++) {
                results.add(work.on(i));
            }
            return results;
        }
        ExecutorService pool = Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
        try {
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < pieces; i++) {
                int piece = i;
                futures.add(pool.submit(() -> work.on(piece)));
            }
            List<T> results = new ArrayList<>();
            for (Future<T> future : futures) {
                results.add(future.get());
            }
            return results;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            if (e.getCause() instanceof StoreException failed) {
                throw failed;
            }
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException(attempt + ": it was interrupted", "start it again", e);
        } finally {
            pool.shutdownNow();
            settle(pool);
        }
    }

    /** The caller closes the descriptors that the work uses. */
    private static void settle(ExecutorService pool) {
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
