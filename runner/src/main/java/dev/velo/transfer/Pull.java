package dev.velo.transfer;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Fetches a manifest and what it needs. Order, as in an ingest: lease, contents, then the manifest is registered, then written. What has
 * arrived and been proven stays when the pull fails or is killed, and the next one goes on from there.
 */
public final class Pull {
    private final Store store;
    private final Origin remote;
    private final String from;

    /** @param from the other side, for messages */
    public Pull(Store store, Origin remote, String from) {
        this.store = store;
        this.remote = remote;
        this.from = from;
    }

    /**
     * @param wanted empty where the other side holds one manifest and no more
     * @param output where the manifest goes
     */
    public TransferResult run(Optional<ManifestReference> wanted, UserPath output) throws VeloException {
        Path place = checked(output);
        try (Lease lease = store.leases().take(Lease.Kind.INGEST, List.of())) {
            Optional<byte[]> known = wanted.isEmpty() ? Optional.empty() : known(wanted.get());
            byte[] bytes = known.isPresent() ? known.get() : fetched(wanted);
            Manifest manifest = Manifest.fromBytes(bytes, Digest.of(bytes) + " of " + from);
            Contents contents = new Contents(manifest);
            Staging staging = new Staging(store, store.blobs(), lease);
            Arrivals arrivals = new Arrivals(store, staging, from);
            storeEmpty(manifest, staging, arrivals);
            List<Blob> missing = claim(contents, staging);
            List<Blob> lacking = fetch(missing, arrivals);
            if (!lacking.isEmpty()) {
                throw new TransferException(
                        "cannot pull from " + from + ": it does not have " + contents.name(lacking),
                        "push the manifest again from a store that has them; what has arrived is kept");
            }
            store.roots()
                    .publish(
                            place,
                            manifest.digest(),
                            bytes,
                            () -> ManifestFile.write(bytes, place, store.callerFiles()));
            return new TransferResult(
                    new Blob(manifest.digest(), bytes.length),
                    contents.blobs().size(),
                    contents.bytes(),
                    missing.size(),
                    missing.stream().mapToLong(Blob::size).sum(),
                    known.isEmpty());
        } catch (FaultInStream e) {
            throw e.fault();
        } catch (IOException e) {
            throw StoreException.of("cannot pull from " + from + " into store " + store.path(), e);
        }
    }

    /** Before the work, not after it. */
    private static Path checked(UserPath output) throws VeloException {
        Path place = ManifestFile.place(output);
        if (place.getParent() == null || !Files.isDirectory(place.getParent()) || Files.isDirectory(place)) {
            throw new VeloException(
                    "cannot write manifest " + output + ": "
                            + (Files.isDirectory(place) ? "it is a directory" : "its directory does not exist"),
                    "name a file in a directory that exists with --output");
        }
        return place;
    }

    private Optional<byte[]> known(ManifestReference wanted) throws IOException {
        return store.roots()
                .copyOf(wanted.digest())
                .filter(bytes -> Digest.of(bytes).equals(wanted.digest()))
                .filter(bytes -> wanted.size().orElse(bytes.length) == bytes.length);
    }

    private byte[] fetched(Optional<ManifestReference> wanted) throws VeloException, IOException {
        byte[] bytes = remote.manifest(wanted);
        if (wanted.isPresent() && !Digest.of(bytes).equals(wanted.get().digest())) {
            throw new TransferException(
                    "cannot pull from " + from + ": what it sent for manifest "
                            + wanted.get().digest() + " has the digest " + Digest.of(bytes),
                    "nothing of it was kept; push the manifest again");
        }
        return bytes;
    }

    private static void storeEmpty(Manifest manifest, Staging staging, Arrivals arrivals)
            throws VeloException, IOException {
        boolean needed = manifest.contents().stream()
                .anyMatch(content -> content.digest().equals(Digest.EMPTY));
        if (needed && !staging.claim(Digest.EMPTY, BlobStore.Form.PLAIN)) {
            arrivals.accept(new Blob(Digest.EMPTY, 0), new ByteArrayInputStream(new byte[0]));
        }
    }

    /** Claims what the store has, and returns the rest. */
    private List<Blob> claim(Contents contents, Staging staging) throws VeloException, IOException {
        List<Blob> missing = new ArrayList<>();
        for (Blob blob : contents.blobs()) {
            if (!staging.claim(blob.digest(), BlobStore.Form.PLAIN)) {
                missing.add(blob);
                continue;
            }
            long size = store.blobs()
                    .status(blob.digest(), BlobStore.Form.PLAIN)
                    .map(FileStatus::size)
                    .orElse(blob.size());
            if (size != blob.size()) {
                throw new TransferException(
                        "cannot pull from " + from + ": its manifest says that " + contents.name(List.of(blob))
                                + " has " + blob.size() + " bytes, and the store's blob has " + size,
                        "run velo verify to see whether the store is sound; if it is, do not trust that manifest");
            }
        }
        return missing;
    }

    private List<Blob> fetch(List<Blob> missing, Arrivals arrivals) throws VeloException, IOException {
        List<Blob> lacking;
        try {
            lacking = missing.isEmpty() ? List.of() : remote.get(missing, arrivals);
        } catch (VeloException | IOException e) {
            try {
                arrivals.publish();
            } catch (IOException second) {
                // What ended the transfer is what the user is to be told.
                e.addSuppressed(second);
            }
            throw e;
        }
        arrivals.publish();
        return lacking;
    }
}
