package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import java.io.IOException;

/**
 * Tells whether a collector is at work. Each holds a shared flock(2) on the store's marker from before it reads the leases until it has
 * removed its last file. So who takes a lease, and then finds nobody at work, knows that every collection to come will see that lease.
 * The marker, because a lock on what is there already takes no space on a full disk.
 */
final class AtWork {
    private AtWork() {}

    static Descriptor enter(Store store) throws IOException {
        Descriptor marker = store.files().openRead(store.root(), StoreLayout.MARKER);
        try {
            store.files().lock(marker.number(), false);
            return marker;
        } catch (IOException e) {
            marker.close();
            throw e;
        }
    }

    /** Two that ask at once may both be told no, which costs them time only. */
    static boolean nobody(Store store) throws IOException {
        try (Descriptor marker = store.files().openRead(store.root(), StoreLayout.MARKER)) {
            return store.files().tryLock(marker.number(), true);
        }
    }
}
