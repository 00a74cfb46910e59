package dev.velo.linkfarm;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.EntryType;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobShelf;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.cas.store.Sweep;
import dev.velo.cas.verify.Finding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Compares the farms of a store with their manifests, entry by entry. */
public final class FarmAudit {
    private final Store store;
    private final FileOps files;

    public FarmAudit(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /** As {@link #all(boolean, boolean)}, with contents. */
    public List<Finding> all(boolean repair) throws StoreException {
        return all(true, repair);
    }

    /**
     * Audits every farm whose manifest is known.
     *
     * @param deep also hash each inode that is not a blob's; blobs themselves are hashed by the verification of the store
     * @param repair move farms that are wrong out of the way; the next run builds them anew
     */
    public List<Finding> all(boolean deep, boolean repair) throws StoreException {
        List<Finding> findings = new ArrayList<>();
        try {
            for (FarmStatus farm : new Farms(store).list()) {
                Optional<byte[]> copy = farm.manifest().isPresent()
                        ? store.roots().copyOf(farm.manifest().get())
                        : Optional.empty();
                if (copy.isPresent()) {
                    Digest digest = farm.manifest().get();
                    Manifest manifest = Manifest.fromBytes(copy.get(), digest.toHex());
                    findings.addAll(audit(farm, manifest, deep, repair));
                }
            }
            return findings;
        } catch (IOException e) {
            throw StoreException.of("cannot audit the farms of store " + store.path(), e);
        } catch (ManifestException e) {
            throw new StoreException(
                    "cannot audit the farms of store " + store.path() + ": a copy of a manifest is damaged",
                    "run velo verify --repair",
                    e);
        }
    }

    private List<Finding> audit(FarmStatus status, Manifest manifest, boolean deep, boolean repair) throws IOException {
        String farm = status.name();
        Placement placement = status.placement().orElse(Placement.HARDLINK);
        byte[] path = bytes(FarmMarker.path(farm));
        LayerMarks marks = LayerMarks.ofFarm(
                files,
                placement,
                manifest.count(EntryType.WHITEOUT) > 0,
                store.root(),
                bytes(FarmMarker.path(farm) + "/" + FarmMarker.TREE));
        List<String> faults;
        try (HeldTimes times = new HeldTimes(store);
                BlobShelf blobs = new BlobShelf(store, files, manifest.entryCount())) {
            FileAudit audit = placement == Placement.METADATA
                    ? new MetadataFile(store, files, blobs, times)
                    : new ContentAudit(store, deep);
            faults = new FarmComparison(store, audit, marks, times).compare(path, manifest.tree());
        }
        // A farm that a run uses now stays: the run would lose its files. The next repair takes it.
        boolean repaired = repair
                && !faults.isEmpty()
                && new Sweep(store).farm(farm, manifest.digest(), new Timestamp(Long.MAX_VALUE, 0), true);
        return faults.stream()
                .map(fault -> new Finding("corrupt-farm", farm, fault, repaired))
                .toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
