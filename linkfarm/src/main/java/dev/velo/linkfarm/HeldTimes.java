package dev.velo.linkfarm;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What the store's file system makes of a time: ext4 with inodes of 128 bytes has whole seconds, and no file system has every year. It is
 * asked only where two times differ. Not safe for use by several threads.
 */
final class HeldTimes implements AutoCloseable {
    private final Store store;
    private final FileOps files;
    private Lease lease;
    private Descriptor scratch;

    HeldTimes(Store store) {
        this.store = store;
        this.files = store.files();
    }

    boolean same(Timestamp found, Timestamp wanted) throws IOException {
        if (found.equals(wanted)) {
            return true;
        }
        if (scratch == null) {
            scratch = make();
        }
        files.setModified(scratch.number(), wanted);
        return files.status(scratch.number()).modified().equals(found);
    }

    private Descriptor make() throws IOException {
        try {
            lease = store.leases().take(Lease.Kind.FARM, List.of());
            return files.createFile(lease.directory(), "time".getBytes(StandardCharsets.US_ASCII), 0600);
        } catch (StoreException e) {
            throw new IOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        if (scratch != null) {
            scratch.close();
        }
        if (lease != null) {
            lease.close();
        }
    }
}
