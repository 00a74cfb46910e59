package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;

/**
 * The immutable flag of files in a store (chattr(1), FS_IMMUTABLE_FL). An immutable file can be neither written, renamed, unlinked, linked
 * nor touched, not even by root; so it needs no mark of use, since no collector can take it away.
 */
final class Immutability {
    private final Store store;
    private final FileOps files;

    Immutability(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /** Moves a file's change time to now, which tells a collector that it is in use. False where there is none of that name. */
    boolean markUsed(byte[] name) throws IOException {
        try {
            files.touch(store.root(), name);
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return false;
            }
            if (e.is(Errno.EPERM) && is(name)) {
                return true;
            }
            throw e;
        }
    }

    boolean is(byte[] name) throws IOException {
        try (Descriptor file = files.openRead(store.root(), name)) {
            return files.isImmutable(file.number());
        }
    }

    void set(byte[] name, boolean immutable) throws IOException {
        try (Descriptor file = files.openRead(store.root(), name)) {
            files.setImmutable(file.number(), immutable);
        }
    }
}
