package dev.velo.cas.store;

import dev.velo.cas.Digest;

/** A blob whose content is not what its name says. */
public final class CorruptBlobException extends StoreException {
    public CorruptBlobException(Store store, Digest digest) {
        super(
                "cannot use blob " + digest + " of store " + store.path() + ": its content has changed",
                "run velo verify --repair, then ingest the tree again");
    }
}
