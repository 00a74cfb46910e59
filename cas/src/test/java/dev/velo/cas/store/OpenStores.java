package dev.velo.cas.store;

import dev.velo.cas.posix.FileOps;
import java.nio.file.Path;

/** Opens stores over the file operations of a test. */
public final class OpenStores {
    private OpenStores() {}

    public static Store openOrCreate(Path path, FileOps files) throws StoreException {
        return new StoreOpening(path, files).openOrCreate();
    }

    public static Store open(Path path, FileOps files) throws StoreException {
        return new StoreOpening(path, files).open();
    }
}
