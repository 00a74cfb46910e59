package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;

/**
 * What processes that were killed left behind: leases without a holder, with all that is in them. Each start of a command cleans them, so nothing has to be run by hand after a crash.
 */
final class Leftovers {
    /** So many names go at once, which takes some milliseconds; a whole farm must keep nobody waiting. */
    private static final long BUDGET = 2_000;

    private final Store store;
    private final FileOps files;

    Leftovers(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /** Cheap where there is nothing: two directory listings. Large leftovers stay in the trash. A read-only store is left as it is. */
    void sweep() throws IOException {
        if (count(StoreLayout.LEASES) == 0 && count(StoreLayout.TRASH) == 0) {
            return;
        }
        try {
            store.gate().exclusive(() -> store.leases().sweep());
            emptyTrash(new TreeRemoval(files, BUDGET));
        } catch (ErrnoException e) {
            if (!e.is(Errno.EROFS)) {
                throw e;
            }
        }
    }

    /** Whether nothing waits to be deleted. */
    boolean trashIsEmpty() throws IOException {
        return count(StoreLayout.TRASH) == 0;
    }

    private int count(byte[] directory) throws IOException {
        try (Descriptor dir = files.openDirectory(store.root(), directory)) {
            return files.list(dir.number()).size();
        }
    }

    /** Outside the gate: what is in the trash has no name that anybody looks for, and deleting may take long. */
    void emptyTrash() throws IOException {
        emptyTrash(new TreeRemoval(files));
    }

    private void emptyTrash(TreeRemoval removal) throws IOException {
        try (Descriptor trash = files.openDirectory(store.root(), StoreLayout.TRASH)) {
            for (DirectoryEntry entry : files.list(trash.number())) {
                if (removal.hasBudget()) {
                    removal.remove(trash.number(), entry.name());
                }
            }
        }
    }
}
