package dev.velo.daemon;

import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** The store that stays open for runs that need no more of it than a lease. Safe for use by many threads. */
final class OpenStore {
    private final Path path;
    private Store opened;

    OpenStore(Path path) {
        this.path = path;
    }

    /** Empty where it is not at its path any more, or cannot be opened: whoever opens it anew says why. */
    synchronized Optional<Store> get() throws IOException {
        if (opened != null && opened.isInPlace()) {
            return Optional.of(opened);
        }
        // Another thread may work with the old one still. That happens once: the process ends when its store has gone.
        opened = null;
        try {
            opened = Store.open(path);
            return Optional.of(opened);
        } catch (StoreException e) {
            return Optional.empty();
        }
    }
}
