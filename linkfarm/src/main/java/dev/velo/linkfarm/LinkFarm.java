package dev.velo.linkfarm;

import dev.velo.cas.Digest;
import dev.velo.cas.Progress;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.EntryType;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobShelf;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.CorruptBlobException;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Replicas;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.cas.store.Twins;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
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
    private static final int ATTEMPTS = 8;
    private static final byte[] BUILDING = bytes("farm");
    private static final byte[] PROBE = bytes("probe-layers");

    private final Store store;
    private final FileOps files;
    private final LayerProbe layers;
    private final FarmMarker marker;
    private final FarmUse use;

    /** @param layers asked where metadata files are to be placed */
    public LinkFarm(Store store, LayerProbe layers) {
        this(store, store.files(), layers);
    }

    /** @param files the store's file operations, or ones that a test makes fail */
    LinkFarm(Store store, FileOps files, LayerProbe layers) {
        this.store = store;
        this.files = files;
        this.layers = layers;
        this.marker = new FarmMarker(store, files);
        this.use = new FarmUse(store, files, Clock.systemUTC());
    }

    /**
     * The farm of a manifest, built where there is none.
     *
     * @param wanted the placement to use, empty for the cheapest that works of those that look alike
     */
    public Farm of(Manifest manifest, Optional<Placement> wanted) throws VeloException {
        return of(manifest, wanted, new Progress());
    }

    /** @param progress told of the files as they are placed */
    public Farm of(Manifest manifest, Optional<Placement> wanted, Progress progress) throws VeloException {
        long start = System.nanoTime();
        try {
            Optional<Placement> existing = existing(manifest.digest(), wanted);
            if (existing.isPresent()) {
                if (existing.get() == Placement.METADATA) {
                    // Such a farm holds no contents: whoever took a blob out of the store took it out of the farm.
                    checkContents(manifest, manifest.contents());
                }
                Farm there = farm(manifest, existing.get(), false, start);
                use.touch(there.tree());
                return there;
            }
            return build(manifest, wanted, progress, start);
        } catch (IOException e) {
            throw StoreException.of("cannot build the farm of manifest " + manifest.digest(), e);
        }
    }

    private Farm farm(Manifest manifest, Placement placement, boolean built, long start) {
        String tree = FarmMarker.treeOf(FarmMarker.name(manifest.digest(), placement));
        return new Farm(tree, placement, built, manifest.entryCount(), Duration.ofNanos(System.nanoTime() - start));
    }

    private Optional<Placement> existing(Digest manifest, Optional<Placement> wanted) throws IOException {
        for (Placement placement : wanted.map(List::of).orElse(Placement.ALIKE)) {
            if (marker.isCurrent(FarmMarker.name(manifest, placement))) {
                return Optional.of(placement);
            }
        }
        return Optional.empty();
    }

    private Farm build(Manifest manifest, Optional<Placement> wanted, Progress progress, long start)
            throws IOException, VeloException {
        try (Lease lease = store.leases().take(Lease.Kind.FARM, List.of(manifest.digest()))) {
            List<Manifest.Content> contents = manifest.contents();
            Placement placement;
            try {
                placement = choose(lease, wanted, contents);
                if (placement == Placement.HARDLINK) {
                    ensureTwins(contents, lease);
                }
                write(manifest, placement, lease, progress);
            } catch (IOException | CorruptBlobException e) {
                // Each blob was looked at when its turn came, and the first bad one ended it. Missing ones are named
                // together.
                checkContents(manifest, contents);
                throw e;
            }
            boolean ours = publish(lease, FarmMarker.name(manifest.digest(), placement));
            return farm(manifest, placement, ours, start);
        }
    }

    private void write(Manifest manifest, Placement placement, Lease lease, Progress progress)
            throws IOException, VeloException {
        files.makeDirectory(lease.directory(), BUILDING, 0700);
        try (Descriptor farm = files.openDirectory(lease.directory(), BUILDING)) {
            files.makeDirectory(farm.number(), bytes(FarmMarker.TREE), 0700);
            try (Descriptor tree = files.openDirectory(farm.number(), bytes(FarmMarker.TREE));
                    BlobShelf blobs = new BlobShelf(store, files, manifest.entryCount())) {
                TreeWriter writer = writer(manifest, placement, blobs, lease, progress);
                writer.write(manifest.tree(), tree, THREADS);
                writer.index().write(files, farm.number());
            }
            marker.write(farm.number(), manifest.entryCount());
        }
    }

    private TreeWriter writer(Manifest manifest, Placement placement, BlobShelf blobs, Lease lease, Progress progress)
            throws IOException {
        LayerMarks marks =
                LayerMarks.forFarm(files, placement, manifest.count(EntryType.WHITEOUT) > 0, lease.directory());
        FilePlacer placer = placement == Placement.METADATA
                ? new MetadataFile(store, files, blobs, new HeldTimes(store))
                : new StorePlacer(store, files, blobs, new Replicas(store, lease), placement);
        progress.found(manifest.count(EntryType.FILE));
        FilePlacer counted = (dir, name, file) -> {
            long own = placer.place(dir, name, file);
            progress.done(file.size());
            return own;
        };
        return new TreeWriter(files, counted, marks, true);
    }

    /** Every content must be there and of the right size. */
    private void checkContents(Manifest manifest, List<Manifest.Content> contents) throws IOException, VeloException {
        List<Manifest.Content> missing = new ArrayList<>();
        for (Manifest.Content content : contents) {
            Optional<FileStatus> blob = store.blobs().status(content.digest(), BlobStore.Form.PLAIN);
            if (blob.isEmpty()) {
                missing.add(content);
            } else if (blob.get().size() != content.size()) {
                throw new CorruptBlobException(store, content.digest());
            }
        }
        if (!missing.isEmpty()) {
            throw new MissingBlobException(manifest.digest().toHex(), missing);
        }
    }

    /** Decided once for the whole farm, by what the file system does with one of its blobs. */
    private Placement choose(Lease lease, Optional<Placement> wanted, List<Manifest.Content> contents)
            throws IOException, VeloException {
        if (wanted.equals(Optional.of(Placement.METADATA))) {
            requireLayers(lease);
            return Placement.METADATA;
        }
        Optional<byte[]> sample = Optional.empty();
        for (Manifest.Content content : contents) {
            byte[] name = BlobStore.nameOf(content.digest(), BlobStore.Form.PLAIN);
            // A protected blob cannot be linked, which says nothing about the others: it is copied, alone.
            if (content.size() > 0 && !store.protections().isSet(name)) {
                sample = Optional.of(name);
                break;
            }
        }
        FilesystemProbe.Abilities abilities = new FilesystemProbe(files).probe(lease.directory(), store.root(), sample);
        if (wanted.isPresent() && !abilities.can(wanted.get())) {
            throw new VeloException(
                    "cannot place files by " + wanted.get().label() + ": the file system of store " + store.path()
                            + " cannot do that",
                    "leave the choice to --placement auto");
        }
        return wanted.orElse(abilities.best());
    }

    private void requireLayers(Lease lease) throws IOException, VeloException {
        files.makeDirectory(lease.directory(), PROBE, 0700);
        Optional<String> refusal = layers.refusal(lease.path().resolve(new String(PROBE, StandardCharsets.UTF_8)));
        if (refusal.isPresent()) {
            throw new VeloException(
                    "cannot place files by " + Placement.METADATA.label() + " in store " + store.path()
                            + ": a layer of metadata above the store cannot be mounted there (" + refusal.get() + ")",
                    "leave the choice to --placement auto, or use Linux 6.16 or newer and a store on ext4, xfs, btrfs or tmpfs");
        }
    }

    private void ensureTwins(List<Manifest.Content> contents, Lease lease) throws IOException, VeloException {
        List<Manifest.Content> executable = contents.stream()
                .filter(content -> content.executable() && content.size() > 0)
                .toList();
        BlobStore blobs = store.blobs();
        new Twins(store, blobs)
                .ensure(executable.stream().map(Manifest.Content::digest).toList(), lease);
        for (Manifest.Content content : executable) {
            Optional<FileStatus> twin = blobs.status(content.digest(), BlobStore.Form.EXECUTABLE);
            if (twin.isEmpty() || twin.get().size() != content.size()) {
                throw new CorruptBlobException(store, content.digest());
            }
        }
    }

    /** Gives the farm its name. False where somebody else was faster: theirs is as good, and it is the one that stays. */
    private boolean publish(Lease lease, String name) throws IOException {
        byte[] target = bytes(FarmMarker.path(name));
        for (int attempt = 1; ; attempt++) {
            try {
                files.renameNew(lease.directory(), BUILDING, store.root(), target);
                return true;
            } catch (ErrnoException e) {
                if (!e.is(Errno.EEXIST) || attempt == ATTEMPTS) {
                    throw e;
                }
            }
            if (marker.isCurrent(name)) {
                return false;
            }
            takeStaleAway(name, target);
        }
    }

    /**
     * Built before the last start of this machine: a crash may have torn it. Its own lock decides who takes it away, and the second look
     * comes after the lock: a farm that somebody has put in its place meanwhile may be in use already.
     */
    private void takeStaleAway(String name, byte[] target) throws IOException {
        try (Descriptor stale = files.openDirectory(store.root(), target)) {
            files.lock(stale.number(), true);
            Optional<FileStatus> now = files.statusIfPresent(store.root(), target);
            boolean same = now.isPresent() && now.get().isSameFile(files.status(stale.number()));
            if (same && !marker.isCurrent(name)) {
                store.discard(target, "stale");
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
