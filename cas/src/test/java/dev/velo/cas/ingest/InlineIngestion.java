package dev.velo.cas.ingest;

import dev.velo.cas.Progress;
import dev.velo.cas.VeloException;
import dev.velo.cas.store.Store;
import java.nio.file.Path;
import java.util.List;

/** An ingest on the calling thread alone: the same calls in the same order each time. */
public final class InlineIngestion {
    private InlineIngestion() {}

    public static IngestResult run(Store store, Path source, Path output) throws VeloException {
        IngestRequest request = new IngestRequest(source, output, List.of(), 1, false);
        return new Ingestion(store, request, new Progress(), () -> new Workers(0)).run();
    }
}
