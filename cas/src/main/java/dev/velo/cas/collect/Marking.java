package dev.velo.cas.collect;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.Leases;
import dev.velo.cas.store.Parallel;
import dev.velo.cas.store.Roots;
import dev.velo.cas.store.Sighting;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreContents;
import dev.velo.cas.store.StoreException;
import dev.velo.cas.store.Sweep;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The mark: from leases and roots to everything they need. */
final class Marking implements Sweep.Needs {
    /** What there is in the place of a root's file. */
    private enum Found {
        MANIFEST,
        /** Registered and not written yet, or replaced by hand. */
        OTHER_MANIFEST,
        DAMAGED,
        NOTHING
    }

    /** One look at a root's file; without a status where there was none. */
    private record Look(Found found, Optional<FileStatus> status) {}

    private final FileOps system = FileOps.system();
    private final Store store;
    private final Roots roots;
    private final Duration grace;
    private final boolean remove;
    private final LiveSet live = new LiveSet();
    private final Set<String> missing = new LinkedHashSet<>();
    private final List<Roots.Root> expired = new ArrayList<>();
    private final Set<Digest> copies = new HashSet<>();
    private final Map<Roots.Root, Look> kept = new HashMap<>();
    private Timestamp start;
    private Timestamp cutoff;
    private boolean certain = true;

    Marking(Store store, Duration grace, boolean remove) {
        this.store = store;
        this.roots = store.roots();
        this.grace = grace;
        this.remove = remove;
    }

    /**
     * Marks. Leases are given, read before: a lease that ended before that reading has registered its root before it ended, so either
     * the lease or the root is seen.
     */
    LiveSet mark(List<Leases.Held> held, Timestamp time) throws StoreException, IOException {
        start = time;
        cutoff = start.minusSeconds(grace.toSeconds());
        addLeases(held);
        List<Roots.Root> all = roots.list();
        List<Look> found =
                new Parallel<Look>("cannot collect store " + store.path()).map(all.size(), i -> look(all.get(i)));
        for (int i = 0; i < all.size(); i++) {
            addRoot(all.get(i), found.get(i));
        }
        return live;
    }

    private void addLeases(List<Leases.Held> held) throws StoreException, IOException {
        certain = true;
        for (Leases.Held lease : held) {
            // Never later again: an ingest that ends may have written a manifest that was read before.
            if (lease.isIngest() && lease.since().compareTo(cutoff) < 0) {
                cutoff = lease.since();
            }
            for (Digest manifest : lease.manifests()) {
                // A run is just starting, and nothing may go until the store knows what it needs.
                certain &= live.hasManifest(manifest) || addCopy(manifest, "a running command");
            }
        }
    }

    /** Roots that expired and yet stay: no copy of a manifest goes before its root, and a file that has come back is needed. */
    void keep(Collection<Roots.Root> staying) throws StoreException, IOException {
        for (Roots.Root root : staying) {
            copies.add(root.manifest());
            if (Files.exists(root.file())) {
                addRoot(root, look(root));
            }
        }
    }

    /** Adds what is needed since the mark. Nothing is ever taken from what is needed, so this is never too late. */
    @Override
    public void renew(List<Leases.Held> held) throws IOException {
        try {
            addLeases(held);
            for (Roots.Root root : roots.list()) {
                if (kept.containsKey(root) && isAsSeen(root, kept.get(root))) {
                    continue;
                }
                if (!Files.notExists(root.file())) {
                    addRoot(root, look(root));
                } else if (!expired.contains(root)) {
                    // An ingest is about to write the file.
                    addCopy(root.manifest(), root.file().toString());
                }
            }
        } catch (StoreException e) {
            throw new IOException("a manifest that came into use meanwhile cannot be read", e);
        }
    }

    @Override
    public boolean keeps(StoreContents.Item item) {
        return live.has(item.digest(), item.form());
    }

    @Override
    public boolean keepsManifest(Digest manifest) {
        return live.hasManifest(manifest) || copies.contains(manifest);
    }

    @Override
    public Timestamp cutoff() {
        return certain ? cutoff : new Timestamp(Long.MIN_VALUE, 0);
    }

    /** Roots whose file has been missing for longer than the grace period. */
    List<Roots.Root> expired() {
        return expired;
    }

    List<String> missing() {
        return List.copyOf(missing);
    }

    /**
     * A registration that is the same as before does not tell that its file is: another manifest may have been registered and written, and
     * then this one registered again by an ingest that was killed before it wrote.
     */
    private boolean isAsSeen(Roots.Root root, Look seen) throws IOException {
        if (Files.notExists(root.file())) {
            return true;
        }
        Optional<FileStatus> before =
                seen.status().filter(FileStatus::isRegular).filter(status -> Sighting.isSettled(status, start));
        try {
            return before.isPresent() && Sighting.isSame(before.get(), status(root));
        } catch (ErrnoException e) {
            return false;
        }
    }

    private FileStatus status(Roots.Root root) throws IOException {
        return system.status(FileOps.CWD, root.file().toString().getBytes(StandardCharsets.UTF_8));
    }

    private Look look(Roots.Root root) throws IOException {
        if (Files.notExists(root.file())) {
            return new Look(Found.NOTHING, Optional.empty());
        }
        try {
            // Before the bytes: whatever changes the file later shows in its times then.
            FileStatus status = status(root);
            return new Look(read(root, status), Optional.of(status));
        } catch (ErrnoException e) {
            return new Look(Found.DAMAGED, Optional.empty());
        }
    }

    private Found read(Roots.Root root, FileStatus status) throws IOException {
        try {
            byte[] bytes = ManifestFile.read(root.file());
            Optional<Sighting> seen = roots.sighting(root.name());
            if (seen.isPresent() && seen.get().isOf(status, bytes)) {
                live.add(seen.get().manifest(), bytes);
                return seen.get().manifest().equals(root.manifest()) ? Found.MANIFEST : Found.OTHER_MANIFEST;
            }
            Digest digest = Digest.of(bytes);
            if (!digest.equals(root.manifest())) {
                // Not what was read in full when it was registered.
                Manifest.fromBytes(bytes, root.file().toString());
            }
            live.add(digest, bytes);
            if (remove && status.isRegular() && Sighting.isSettled(status, start)) {
                roots.note(root.name(), Sighting.of(digest, status, bytes));
            }
            return digest.equals(root.manifest()) ? Found.MANIFEST : Found.OTHER_MANIFEST;
        } catch (ManifestException | ErrnoException e) {
            return Found.DAMAGED;
        }
    }

    private void addRoot(Roots.Root root, Look look) throws StoreException, IOException {
        Found found = look.found();
        boolean locked = roots.isProtected(root.name());
        if (locked) {
            keepOrRefuse(root, look);
        }
        if (remove && found != Found.NOTHING) {
            roots.forgetMissing(root.name());
        }
        if (found != Found.NOTHING) {
            // Where the file holds another manifest by now, this copy is what is left when the file is damaged.
            copies.add(root.manifest());
        }
        if (found == Found.MANIFEST) {
            kept.put(root, look);
        } else if (found == Found.OTHER_MANIFEST) {
            // Not kept for good: it is worth another look later.
            return;
        } else if (found == Found.DAMAGED) {
            // What it named when it was registered stays until the user has decided.
            keepOrRefuse(root, look);
            missing.add(root.file() + ": damaged or unreadable; its contents are kept");
        } else if (!locked && isExpired(root)) {
            expired.add(root);
            missing.add(root.file() + ": gone; its contents are no longer kept");
        } else {
            keepOrRefuse(root, look);
            missing.add(root.file() + ": gone; its contents are kept "
                    + (locked ? "since it is protected" : "for the grace period"));
        }
    }

    private boolean isExpired(Roots.Root root) throws IOException {
        if (grace.isZero()) {
            return true;
        }
        Optional<Timestamp> since = roots.missingSince(root.name(), remove);
        return since.isPresent() && since.get().compareTo(start.minusSeconds(grace.toSeconds())) < 0;
    }

    private void keepOrRefuse(Roots.Root root, Look look) throws StoreException, IOException {
        kept.put(root, look);
        // Another collector drops a root first and then the copy of its manifest.
        if (!addCopy(root.manifest(), root.file().toString()) && roots.list().contains(root)) {
            throw new StoreException(
                    "cannot collect store " + store.path() + ": what " + root.file()
                            + " needs is unknown, since both it and the store's copy of it are unreadable",
                    "bring the manifest back or ingest the tree again to the same path");
        }
    }

    private boolean addCopy(Digest manifest, String owner) throws StoreException, IOException {
        Optional<byte[]> copy = roots.copyOf(manifest);
        if (copy.isEmpty()) {
            return false;
        }
        try {
            if (Digest.of(copy.get()).equals(manifest)) {
                live.add(manifest, copy.get());
                return true;
            }
        } catch (ManifestException e) {
            throw damaged(manifest, owner, e);
        }
        throw damaged(manifest, owner, null);
    }

    private StoreException damaged(Digest manifest, String owner, ManifestException cause) {
        return new StoreException(
                "cannot collect store " + store.path() + ": its copy of manifest " + manifest + ", which " + owner
                        + " needs, is damaged",
                "run velo verify --repair",
                cause);
    }
}
