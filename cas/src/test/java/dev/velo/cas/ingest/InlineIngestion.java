package dev.velo.cas.ingest;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.Store;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.TimeUnit;

/** An ingest on the calling thread alone: the same calls in the same order each time. */
public final class InlineIngestion {
    private InlineIngestion() {}

    public static IngestResult run(Store store, Path source, Path output) throws VeloException {
        IngestRequest request = new IngestRequest(source, output, List.of(), 1, false);
        return new Ingestion(store, request, new IngestProgress(), () -> new Workers(new CallersThread())).run();
    }

    private static final class CallersThread extends AbstractExecutorService {
        private boolean shut;

        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public void shutdown() {
            shut = true;
        }

        @Override
        public List<Runnable> shutdownNow() {
            shut = true;
            return List.of();
        }

        @Override
        public boolean isShutdown() {
            return shut;
        }

        @Override
        public boolean isTerminated() {
            return shut;
        }

        @Override
        public boolean awaitTermination(long timeout, TimeUnit unit) {
            return true;
        }
    }
}
