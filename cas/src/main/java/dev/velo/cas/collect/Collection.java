package dev.velo.cas.collect;

import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.time.Duration;

/** One collection of a store. Use once. */
public final class Collection {
    /** @param grace what is younger stays: blobs since they were last used, roots since their file was first found missing */
    public Collection(Store store, Duration grace) {}

    /** Finds what nothing needs; removes it where asked to. Writers, runs and other collectors may work at the same time. */
    public CollectionReport run(boolean remove) throws StoreException {
        throw new UnsupportedOperationException();
    }
}
