package dev.velo.cas.verify;

import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.util.List;

/** Re-hashes blobs and checks modes, owners, names and manifests. Use once. */
public final class Verification {
    public Verification(Store store, boolean repair) {}

    /** Checks the whole store: every blob, twin, registered manifest and copy. Farms are audited by the linkfarm module. */
    public List<Finding> store() throws StoreException {
        throw new UnsupportedOperationException();
    }

    /** Checks only what one manifest needs. */
    public List<Finding> manifest(dev.velo.cas.manifest.Manifest manifest) throws StoreException {
        throw new UnsupportedOperationException();
    }

    /** Number of blobs and twins that were hashed. */
    public long checked() {
        throw new UnsupportedOperationException();
    }
}
