package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The collector's hands. Every method that takes something away looks at it again inside the exclusive gate, where no writer can be
 * between "it is there" and "it is needed": whatever was claimed since the collection began has a younger change time than
 * {@code cutoff} and stays.
 */
public final class Sweep {
    /** What must stay. Asked inside the exclusive gate. */
    public interface Needs {
        /** Leases or roots were added since they were last read. */
        void renew(List<Leases.Held> leases) throws IOException;

        boolean keeps(StoreContents.Item item);

        boolean keepsManifest(Digest manifest);

        /** What was used at this time or later stays in any case. */
        Timestamp cutoff();
    }

    private final Store store;
    private final FileOps files;
    private Timestamp announced;

    public Sweep(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /** The time by the clock of the store's file system, which also tells change times. Needs no space on it. */
    public Timestamp now() throws IOException {
        files.touch(store.root(), StoreLayout.GATE);
        return files.status(store.root(), StoreLayout.GATE).changed();
    }

    /** Says that a collector is at work until the descriptor is closed. Call it before {@link #leases}: see {@link AtWork}. */
    public Descriptor begin() throws IOException {
        return AtWork.enter(store);
    }

    /** The leases held now, and, where asked, the end of those whose holders died. */
    public List<Leases.Held> leases(boolean removeDead) throws IOException {
        return store.gate().exclusive(() -> {
            if (removeDead) {
                store.leases().sweep();
            }
            announced = store.gate().announced();
            return store.leases().held();
        });
    }

    /** What began since the leases were read is seen here: between this look and what follows nobody begins anything. */
    private <T> T exclusive(Needs needs, Gate.Action<T> action) throws IOException {
        return store.gate().exclusive(() -> {
            Timestamp now = store.gate().announced();
            if (!now.equals(announced)) {
                needs.renew(store.leases().held());
                announced = now;
            }
            return action.run();
        });
    }

    /** Of these items, the ones that are not needed, with their status; where asked, their names are gone on return. */
    public List<FileStatus> items(Collection<StoreContents.Item> candidates, Needs needs, boolean remove)
            throws IOException {
        List<FileStatus> swept = new ArrayList<>();
        if (candidates.isEmpty()) {
            return swept;
        }
        return exclusive(needs, () -> {
            for (StoreContents.Item item : candidates) {
                if (!needs.keeps(item)) {
                    unused(item.path(), needs.cutoff(), remove).ifPresent(swept::add);
                }
            }
            return swept;
        });
    }

    /** False for what somebody has made immutable, which then stays. */
    private boolean unlinked(byte[] path) throws IOException {
        try {
            files.unlink(store.root(), path);
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.EPERM) && store.immutability().is(path)) {
                return false;
            }
            throw e;
        }
    }

    private Optional<FileStatus> unused(byte[] path, Timestamp cutoff, boolean remove) throws IOException {
        Optional<FileStatus> status = files.statusIfPresent(store.root(), path)
                .filter(found -> found.changed().compareTo(cutoff) < 0);
        return status.isPresent() && remove && !unlinked(path) ? Optional.empty() : status;
    }

    /** Takes a farm away unless its manifest is needed. */
    public boolean farm(String name, Digest manifest, Needs needs, boolean remove) throws IOException {
        return exclusive(
                needs, () -> !needs.keepsManifest(manifest) && takeFarm(name, manifest, needs.cutoff(), remove));
    }

    /** Takes a farm away unless it is younger than {@code cutoff} or a lease names its manifest by now. */
    public boolean farm(String name, Digest manifest, Timestamp cutoff, boolean remove) throws IOException {
        return store.gate().exclusive(() -> takeFarm(name, manifest, cutoff, remove));
    }

    /** A last look at something, inside the exclusive gate. */
    public interface Look {
        boolean confirms() throws IOException;
    }

    /**
     * Takes a farm away that may be needed again, since there are too many: only where no lease names its manifest. Whoever uses it later builds
     * it again.
     *
     * @param unused asked last; false where it was used after all
     */
    public boolean idleFarm(String name, Digest manifest, Look unused, boolean remove) throws IOException {
        return store.gate()
                .exclusive(() -> !isLeased(manifest)
                        && files.statusIfPresent(store.root(), farmPath(name)).isPresent()
                        && unused.confirms()
                        && taken(name, remove));
    }

    private boolean takeFarm(String name, Digest manifest, Timestamp cutoff, boolean remove) throws IOException {
        Optional<FileStatus> status = files.statusIfPresent(store.root(), farmPath(name));
        if (isLeased(manifest) || status.isEmpty() || status.get().changed().compareTo(cutoff) >= 0) {
            return false;
        }
        return taken(name, remove);
    }

    private boolean isLeased(Digest manifest) throws IOException {
        return store.leases().held().stream()
                .anyMatch(lease -> lease.manifests().contains(manifest));
    }

    private static byte[] farmPath(String name) {
        return StoreLayout.below(StoreLayout.FARMS, name);
    }

    private boolean taken(String name, boolean remove) throws IOException {
        if (remove) {
            store.discard(farmPath(name), "farm");
        }
        return true;
    }

    /** Takes the store's copy of a manifest away unless it is needed. */
    public boolean manifestCopy(Digest manifest, Needs needs, boolean remove) throws IOException {
        return exclusive(
                needs,
                () -> !needs.keepsManifest(manifest)
                        && unused(StoreLayout.manifestName(manifest), needs.cutoff(), remove)
                                .isPresent());
    }

    /**
     * Drops roots that expired, unless their file is there again, or they were registered since {@code cutoff}, or an ingest is at work:
     * it registers its manifest before it writes the file.
     *
     * @return those that stay
     */
    public List<Roots.Root> roots(Collection<Roots.Root> expired, Timestamp cutoff) throws IOException {
        List<Roots.Root> kept = new ArrayList<>();
        return store.gate().exclusive(() -> {
            boolean ingest = store.leases().held().stream().anyMatch(Leases.Held::isIngest);
            for (Roots.Root root : expired) {
                byte[] record = StoreLayout.below(StoreLayout.ROOTS, root.name());
                Optional<FileStatus> status = files.statusIfPresent(store.root(), record);
                boolean old = status.isPresent() && status.get().changed().compareTo(cutoff) < 0;
                if (old && !ingest && Files.notExists(root.file())) {
                    store.roots().drop(root.name());
                } else {
                    kept.add(root);
                }
            }
            return kept;
        });
    }

    /**
     * Removes files that a killed process was still writing, and what another collector noted of a root that this one dropped. In the
     * exclusive gate nobody writes any.
     */
    public void unfinished() throws IOException {
        store.gate().exclusive(() -> {
            for (byte[] directory : List.of(StoreLayout.ROOTS, StoreLayout.MANIFESTS)) {
                try (Descriptor dir = files.openDirectory(store.root(), directory)) {
                    Set<String> names = new HashSet<>();
                    for (DirectoryEntry entry : files.list(dir.number())) {
                        names.add(new String(entry.name(), StandardCharsets.UTF_8));
                    }
                    for (String name : names) {
                        if (Roots.isLeftover(name, names)) {
                            files.unlink(dir.number(), StoreLayout.name(name));
                        }
                    }
                }
            }
            return null;
        });
    }

    /** Counts, by inode, the links that a farm holds: what goes with it frees their space too. */
    public void linksOf(String farm, Map<Long, Integer> byInode) throws IOException {
        ArrayDeque<byte[]> directories = new ArrayDeque<>();
        directories.push(farmPath(farm));
        while (!directories.isEmpty()) {
            byte[] path = directories.pop();
            try (Descriptor dir = files.openDirectory(store.root(), path)) {
                for (DirectoryEntry entry : files.list(dir.number())) {
                    FileStatus status = files.status(dir.number(), entry.name());
                    if (status.isDirectory()) {
                        directories.push(join(path, entry.name()));
                    } else if (status.isRegular()) {
                        byInode.merge(status.inode(), 1, Integer::sum);
                    }
                }
            } catch (ErrnoException e) {
                // Gone meanwhile, or closed by the manifest's own modes: then only the estimate of bytes is lower.
                if (!e.is(Errno.ENOENT) && !e.is(Errno.EACCES)) {
                    throw e;
                }
            }
        }
    }

    private static byte[] join(byte[] path, byte[] name) {
        byte[] out = Arrays.copyOf(path, path.length + 1 + name.length);
        out[path.length] = '/';
        System.arraycopy(name, 0, out, path.length + 1, name.length);
        return out;
    }

    /** Deletes what was moved to the trash. Outside the gate: it may take long, and nobody looks for anything there. */
    public void emptyTrash(Disposal disposal) throws IOException {
        if (!store.trashIsEmpty() && !disposal.empty(store.trash())) {
            new Leftovers(store).emptyTrash();
        }
    }
}
