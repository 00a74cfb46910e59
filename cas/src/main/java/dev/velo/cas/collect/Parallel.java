package dev.velo.cas.collect;

import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The same work on many numbered pieces, by as many threads as there are processors. */
final class Parallel<T> {
    /** Work on one piece. */
    interface Work<T> {
        T on(int piece) throws IOException, StoreException;
    }

    private final Path store;

    /** @param store for messages */
    Parallel(Path store) {
        this.store = store;
    }

    /** The results in the order of the pieces. After a failure the work that has not begun is dropped. */
    List<T> map(int pieces, Work<T> work) throws IOException, StoreException {
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
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StoreException("cannot collect store " + store + ": it was interrupted", "start it again", e);
        } finally {
            pool.shutdownNow();
        }
    }
}
