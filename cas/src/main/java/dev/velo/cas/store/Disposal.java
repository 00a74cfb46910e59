package dev.velo.cas.store;

import java.nio.file.Path;

/** Somebody who deletes what is in the trash of a store faster than this process would. */
public interface Disposal {
    /** Nobody: this process does it. */
    Disposal NONE = trash -> false;

    /**
     * Deletes everything in a directory and waits for the end.
     *
     * @return false where that could not be done, and the caller has to
     */
    boolean empty(Path trash);
}
