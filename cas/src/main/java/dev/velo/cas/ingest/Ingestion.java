package dev.velo.cas.ingest;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.Store;

/** Puts a tree into a store and writes its manifest. Use once. */
public final class Ingestion {
    public Ingestion(Store store, IngestRequest request, IngestProgress progress) {}

    /** Does all of it. The manifest is written last, and only when everything it names is durable. */
    public IngestResult run() throws VeloException {
        throw new UnsupportedOperationException();
    }
}
