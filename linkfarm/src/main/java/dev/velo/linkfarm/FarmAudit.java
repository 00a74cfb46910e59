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

/** Compares farms of a store with their manifests, entry by entry. */
public final class FarmAudit {
    /** How closely. */
    public enum Depth {
        /** Names, inodes, types, modes, times and sizes, by about as many calls as find -ls makes. */
        QUICK,
        /** Also attributes and targets of links; what is not an inode of the store is hashed. The store's are for its own verification. */
        DEEP
    }

    private final Store store;
    private final FileOps files;

    public FarmAudit(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /** As {@link #all(Depth, boolean)}, deep. */
    public List<Finding> all(boolean repair) throws StoreException {
        return all(Depth.DEEP, repair);
    }

    /**
     * Audits every farm whose manifest is known.
     *
     * @param repair move farms that are wrong out of the way; the next run builds them anew
     */
    public List<Finding> all(Depth depth, boolean repair) throws StoreException {
        List<Finding> findings = new ArrayList<>();
        try {
            for (FarmStatus farm : new Farms(store).list()) {
                Optional<byte[]> copy = farm.manifest().isPresent()
                        ? store.roots().copyOf(farm.manifest().get())
                        : Optional.empty();
                if (copy.isPresent()) {
                    Digest digest = farm.manifest().get();
                    Manifest manifest = Manifest.fromBytes(copy.get(), digest.toHex());
                    Placement placement = farm.placement().orElse(Placement.HARDLINK);
                    findings.addAll(audit(farm.name(), placement, manifest, depth, repair));
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

    /**
     * Audits the farm of a manifest that a run would take.
     *
     * @param wanted as for {@link LinkFarm#of}
     * @param repair as for {@link #all}: a farm that a lease names stays, and so does one that the caller has a lease on
     * @return nothing where there is no such farm, or where nothing is wrong with it
     */
    public List<Finding> one(Manifest manifest, Optional<Placement> wanted, Depth depth, boolean repair)
            throws StoreException {
        FarmMarker marker = new FarmMarker(store, files);
        try {
            for (Placement placement : wanted.map(List::of).orElse(Placement.ALIKE)) {
                String farm = FarmMarker.name(manifest.digest(), placement);
                if (marker.isCurrent(farm)) {
                    return audit(farm, placement, manifest, depth, repair);
                }
            }
            return List.of();
        } catch (IOException e) {
            throw StoreException.of("cannot audit the farm of manifest " + manifest.digest(), e);
        }
    }

    private List<Finding> audit(String farm, Placement placement, Manifest manifest, Depth depth, boolean repair)
            throws IOException {
        List<String> faults = faults(farm, placement, manifest, depth);
        // A farm that a run uses now stays: the run would lose its files. The next repair takes it.
        boolean repaired = repair
                && !faults.isEmpty()
                && new Sweep(store).farm(farm, manifest.digest(), new Timestamp(Long.MAX_VALUE, 0), true);
        return faults.stream()
                .map(fault -> new Finding("corrupt-farm", farm, fault, repaired))
                .toList();
    }

    private List<String> faults(String farm, Placement placement, Manifest manifest, Depth depth) throws IOException {
        LayerMarks marks = LayerMarks.ofFarm(
                files, placement, manifest.count(EntryType.WHITEOUT) > 0, store.root(), bytes(FarmMarker.treeOf(farm)));
        try (HeldTimes times = new HeldTimes(store);
                BlobShelf blobs = new BlobShelf(store, files, manifest.entryCount())) {
            FileAudit audit = placement == Placement.METADATA
                    ? new MetadataFile(store, files, blobs, times)
                    : new ContentAudit(store);
            return depth == Depth.QUICK
                    ? new QuickAudit(store, audit, marks, times).compare(FarmMarker.path(farm), manifest.tree())
                    : new FarmComparison(store, audit, marks, times)
                            .compare(bytes(FarmMarker.path(farm)), manifest.tree());
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
