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
import dev.velo.cas.store.Roots;
import dev.velo.cas.store.Sighting;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The mark: from leases and roots to everything they need. */
final class Marking {
    private final FileOps system = FileOps.system();
    private final Store store;
    private final Roots roots;
    private final Duration grace;
    private final boolean remove;
    private final LiveSet live = new LiveSet();
    private final List<String> missing = new ArrayList<>();
    private final List<Roots.Root> expired = new ArrayList<>();
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
    LiveSet mark(List<Leases.Held> leases, Timestamp start) throws StoreException, IOException {
        for (Leases.Held lease : leases) {
            for (Digest manifest : lease.manifests()) {
                certain &= addCopy(manifest, "a running command");
            }
        }
        List<Roots.Root> all = roots.list();
        List<Found> found = new Parallel<Found>(store.path()).map(all.size(), i -> look(all.get(i), start));
        for (int i = 0; i < all.size(); i++) {
            addRoot(all.get(i), found.get(i), start);
        }
        return live;
    }

    /** What there is in the place of a root's file. */
    private enum Found {
        MANIFEST,
        DAMAGED,
        NOTHING
    }

    private Found look(Roots.Root root, Timestamp start) throws IOException {
        if (Files.notExists(root.file())) {
            return Found.NOTHING;
        }
        try {
            // Before the bytes: whatever changes the file later shows in its times then.
            FileStatus status =
                    system.status(FileOps.CWD, root.file().toString().getBytes(StandardCharsets.UTF_8));
            byte[] bytes = ManifestFile.read(root.file());
            Optional<Sighting> seen = roots.sighting(root.name());
            if (seen.isPresent() && seen.get().isOf(status, bytes)) {
                live.add(seen.get().manifest(), bytes);
                return Found.MANIFEST;
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
            return Found.MANIFEST;
        } catch (ManifestException | ErrnoException e) {
            return Found.DAMAGED;
        }
    }

    /** False where a lease names a manifest that the store has no copy of yet: a run is just starting, and nothing may go now. */
    boolean certain() {
        return certain;
    }

    /** Roots whose file has been missing for longer than the grace period. */
    List<Roots.Root> expired() {
        return expired;
    }

    List<String> missing() {
        return missing;
    }

    private void addRoot(Roots.Root root, Found found, Timestamp start) throws StoreException, IOException {
        if (roots.isProtected(root.name())) {
            keepOrRefuse(root);
        }
        if (found == Found.MANIFEST) {
            if (remove) {
                roots.forgetMissing(root.name());
            }
            return;
        }
        if (found == Found.DAMAGED) {
            // What it named when it was registered stays until the user has decided.
            keepOrRefuse(root);
            missing.add(root.file() + ": damaged or unreadable; its contents are kept");
            return;
        }
        if (!roots.isProtected(root.name()) && isExpired(root, start)) {
            expired.add(root);
            missing.add(root.file() + ": gone; its contents are no longer kept");
        } else {
            keepOrRefuse(root);
            missing.add(root.file() + ": gone; its contents are kept "
                    + (roots.isProtected(root.name()) ? "since it is protected" : "for the grace period"));
        }
    }

    private boolean isExpired(Roots.Root root, Timestamp start) throws IOException {
        if (grace.isZero()) {
            return true;
        }
        Optional<Timestamp> since = roots.missingSince(root.name(), remove);
        return since.isPresent() && since.get().compareTo(start.minusSeconds(grace.toSeconds())) < 0;
    }

    private void keepOrRefuse(Roots.Root root) throws StoreException, IOException {
        if (!addCopy(root.manifest(), root.file().toString())) {
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
