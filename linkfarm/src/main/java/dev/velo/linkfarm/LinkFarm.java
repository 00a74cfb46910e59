package dev.velo.linkfarm;

import dev.velo.cas.Digest;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.CorruptBlobException;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.cas.store.Twins;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The farms of a store: one per manifest and placement, built once, shared read-only by every run, published by rename. The caller holds
 * a lease that names the manifest, so that no collector takes the farm or its blobs away.
 */
public final class LinkFarm {
    private static final int THREADS = Math.max(2, Runtime.getRuntime().availableProcessors());
    private static final byte[] BUILDING = bytes("farm");

    private final Store store;
    private final FileOps files;
    private final FarmMarker marker;

    public LinkFarm(Store store) {
        this.store = store;
        this.files = store.files();
        this.marker = new FarmMarker(store);
    }

    /**
     * The farm of a manifest, built where there is none.
     *
     * @param wanted the placement to use, empty for the cheapest that works
     */
    public Farm of(Manifest manifest, Optional<Placement> wanted) throws VeloException {
        long start = System.nanoTime();
        try {
            Optional<Placement> existing = existing(manifest.digest(), wanted);
            if (existing.isPresent()) {
                return farm(manifest, existing.get(), false, start);
            }
            return build(manifest, wanted, start);
        } catch (IOException e) {
            throw StoreException.of("cannot build the farm of manifest " + manifest.digest(), e);
        }
    }

    private Farm farm(Manifest manifest, Placement placement, boolean built, long start) {
        String tree = FarmMarker.path(FarmMarker.name(manifest.digest(), placement)) + "/" + FarmMarker.TREE;
        return new Farm(tree, placement, built, manifest.entryCount(), Duration.ofNanos(System.nanoTime() - start));
    }

    private Optional<Placement> existing(Digest manifest, Optional<Placement> wanted) throws IOException {
        for (Placement placement : Placement.values()) {
            if (wanted.orElse(placement) == placement && marker.isCurrent(FarmMarker.name(manifest, placement))) {
                return Optional.of(placement);
            }
        }
        return Optional.empty();
    }

    private Farm build(Manifest manifest, Optional<Placement> wanted, long start) throws IOException, VeloException {
        try (Lease lease = store.leases().take(Lease.Kind.FARM, List.of(manifest.digest()))) {
            Placement placement = choose(lease, wanted);
            checkContents(manifest, placement, lease);
            files.makeDirectory(lease.directory(), BUILDING, 0700);
            try (Descriptor farm = files.openDirectory(lease.directory(), BUILDING)) {
                files.makeDirectory(farm.number(), bytes(FarmMarker.TREE), 0700);
                Descriptor tree = files.openDirectory(farm.number(), bytes(FarmMarker.TREE));
                new TreeWriter(files, new StorePlacer(store, files, placement)).write(manifest.tree(), tree, THREADS);
                marker.write(farm.number(), manifest.entryCount());
            }
            publish(lease, FarmMarker.name(manifest.digest(), placement));
            return farm(manifest, placement, true, start);
        }
    }

    private Placement choose(Lease lease, Optional<Placement> wanted) throws IOException, VeloException {
        FilesystemProbe.Abilities abilities = new FilesystemProbe(files).probe(lease.directory());
        if (wanted.isPresent() && !abilities.can(wanted.get())) {
            throw new VeloException(
                    "cannot place files by " + wanted.get().label() + ": the file system of store " + store.path()
                            + " cannot do that",
                    "leave the choice to --placement auto");
        }
        return wanted.orElse(abilities.best());
    }

    /** Before anything is built: every content must be there, of the right size, and executable ones must have their twin. */
    private void checkContents(Manifest manifest, Placement placement, Lease lease) throws IOException, VeloException {
        List<Manifest.Content> missing = new ArrayList<>();
        List<Digest> twins = new ArrayList<>();
        BlobStore blobs = store.blobs();
        for (Manifest.Content content : manifest.contents()) {
            Optional<FileStatus> blob = blobs.status(content.digest(), BlobStore.Form.PLAIN);
            if (blob.isEmpty()) {
                missing.add(content);
            } else if (blob.get().size() != content.size()) {
                throw new CorruptBlobException(store, content.digest());
            } else if (content.executable() && content.size() > 0) {
                twins.add(content.digest());
            }
        }
        if (!missing.isEmpty()) {
            throw new MissingBlobException(manifest.digest().toHex(), missing);
        }
        if (placement == Placement.HARDLINK) {
            new Twins(store, blobs).ensure(twins, lease);
        }
    }

    private void publish(Lease lease, String name) throws IOException {
        byte[] target = bytes(FarmMarker.path(name));
        try {
            files.renameNew(lease.directory(), BUILDING, store.root(), target);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
            if (!marker.isCurrent(name)) {
                // Built before the last start of this machine: a crash may have torn it, so it is replaced.
                files.rename(store.root(), target, lease.directory(), bytes("stale"));
                files.renameNew(lease.directory(), BUILDING, store.root(), target);
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
