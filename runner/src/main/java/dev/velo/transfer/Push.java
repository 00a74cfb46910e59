package dev.velo.transfer;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Sends a manifest and what it needs. The manifest goes last, so that whoever finds it finds everything. */
public final class Push {
    private final Store store;
    private final Destination remote;
    private final String to;

    /** @param to the other side, for messages */
    public Push(Store store, Destination remote, String to) {
        this.store = store;
        this.remote = remote;
        this.to = to;
    }

    /** @param file the manifest's, for messages */
    public TransferResult run(Manifest manifest, String file) throws VeloException {
        Contents contents = new Contents(manifest);
        List<Blob> all = contents.blobs();
        byte[] bytes = manifest.toBytes();
        Blob self = new Blob(manifest.digest(), bytes.length);
        // A lease like a run's: while it is held, no collector takes what the manifest needs.
        Lease lease = store.leases().take(Lease.Kind.RUN, List.of(manifest.digest()));
        try {
            List<Blob> missing = remote.missing(all);
            refuseIncomplete(contents, missing, file);
            remote.put(missing, new StoreSource(store));
            List<Blob> refused = missing.isEmpty() ? List.of() : remote.missing(missing);
            if (!refused.isEmpty()) {
                throw new TransferException(
                        "cannot push " + file + " to " + to + ": it took and does not have " + contents.name(refused),
                        "look whether its storage is full, and push again");
            }
            boolean moved = remote.publish(self, bytes);
            return new TransferResult(
                    self,
                    all.size(),
                    contents.bytes(),
                    missing.size(),
                    missing.stream().mapToLong(Blob::size).sum(),
                    moved);
        } catch (FaultInStream e) {
            throw e.fault();
        } catch (IOException e) {
            throw StoreException.of("cannot push " + file + " from store " + store.path(), e);
        } finally {
            lease.close();
        }
    }

    private void refuseIncomplete(Contents contents, List<Blob> blobs, String file) throws VeloException, IOException {
        List<Blob> absent = new ArrayList<>();
        for (Blob blob : blobs) {
            Optional<FileStatus> status = store.blobs().status(blob.digest(), BlobStore.Form.PLAIN);
            if (status.isEmpty()) {
                absent.add(blob);
            }
        }
        if (!absent.isEmpty()) {
            throw new TransferException(
                    "cannot push " + file + ": neither store " + store.path() + " nor " + to + " has "
                            + contents.name(absent),
                    "ingest the tree again into this store, or name the store that has it");
        }
    }
}
