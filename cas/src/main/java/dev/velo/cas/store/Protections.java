package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Manifests whose blobs carry the immutable flag. A hard link to an immutable inode can be neither made nor removed; so nothing in the store
 * may link to a blob when it gets the flag, and farms that are built later copy it (docs/adr/0010).
 */
public final class Protections {
    private final Store store;
    private final FileOps files;
    private final Roots roots;

    Protections(Store store) {
        this.store = store;
        this.files = store.files();
        this.roots = store.roots();
    }

    /** The protected roots. */
    public List<Roots.Root> list() throws StoreException, IOException {
        List<Roots.Root> found = new ArrayList<>();
        for (Roots.Root root : roots.list()) {
            if (roots.isProtected(root.name())) {
                found.add(root);
            }
        }
        return found;
    }

    /**
     * Moves the farms that link to any of these blobs to the trash, so that emptying it takes the links away.
     *
     * @throws StoreException where a running sandbox uses one of them
     */
    public void releaseFarms(Set<Digest> blobs) throws StoreException, IOException {
        Optional<String> user = store.gate().exclusive(() -> {
            Optional<String> busy = busy(blobs);
            if (busy.isEmpty()) {
                for (String farm : sharing(blobs)) {
                    files.rename(
                            store.root(),
                            StoreLayout.below(StoreLayout.FARMS, farm),
                            store.root(),
                            StoreLayout.below(StoreLayout.TRASH, StoreLayout.freshName("farm")));
                }
            }
            return busy;
        });
        refuseWhileBusy(user);
        new Leftovers(store).emptyTrash();
    }

    /**
     * Notes that a root is protected, before any flag is set: so whatever a crash leaves flagged is known to be, and protecting again or
     * unprotecting completes it.
     */
    public void note(Roots.Root root) throws IOException {
        roots.noteProtected(root.name());
    }

    /** Takes the note back, of a protection that could not begin. */
    public void forget(Roots.Root root) throws IOException {
        roots.forgetProtected(root.name());
    }

    /**
     * Sets the flag on everything of the store that a manifest needs.
     *
     * @throws StoreException where a sandbox has begun to use a blob since {@link #releaseFarms}
     * @throws IOException EPERM where the caller may not set the flag, ENOTTY or EOPNOTSUPP where the file system has none
     */
    public void set(Roots.Root root, List<byte[]> names, Set<Digest> blobs) throws StoreException, IOException {
        Optional<String> user = store.gate().exclusive(() -> {
            Optional<String> busy = busy(blobs);
            if (busy.isPresent() || !sharing(blobs).isEmpty()) {
                return busy.or(() -> Optional.of("a farm that was just built"));
            }
            store.immutability().set(StoreLayout.manifestName(root.manifest()), true);
            for (byte[] name : names) {
                store.immutability().set(name, true);
            }
            return Optional.empty();
        });
        refuseWhileBusy(user);
    }

    /** Clears the flag of these files and of the store's copy of the manifest, where it goes too, and forgets the protection. */
    public void clear(Roots.Root root, List<byte[]> names, boolean copyToo) throws IOException {
        store.gate().exclusive(() -> {
            for (byte[] name : names) {
                clear(name);
            }
            if (copyToo) {
                clear(StoreLayout.manifestName(root.manifest()));
            }
            roots.forgetProtected(root.name());
            return null;
        });
    }

    private void clear(byte[] name) throws IOException {
        try {
            store.immutability().set(name, false);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    /** True where a file of the store carries the flag. */
    public boolean isSet(byte[] name) throws IOException {
        return store.immutability().is(name);
    }

    /** Sets the flag of one file again. */
    public void restore(byte[] name) throws IOException {
        store.immutability().set(name, true);
    }

    private void refuseWhileBusy(Optional<String> user) throws StoreException {
        if (user.isPresent()) {
            throw new StoreException(
                    "cannot protect files of store " + store.path() + ": " + user.get() + " uses them",
                    "wait until it has ended and try again");
        }
    }

    private Optional<String> busy(Set<Digest> blobs) throws IOException {
        for (Leases.Held lease : store.leases().held()) {
            for (Digest manifest : lease.manifests()) {
                if (shares(manifest, blobs)) {
                    return Optional.of("a running command");
                }
            }
        }
        return Optional.empty();
    }

    private List<String> sharing(Set<Digest> blobs) throws IOException {
        List<String> farms = new ArrayList<>();
        for (String farm : new StoreContents(store).farms()) {
            String hex = farm.substring(0, Math.max(0, farm.indexOf('-')));
            if (!Digest.isHex(hex) || shares(Digest.fromHex(hex), blobs)) {
                farms.add(farm);
            }
        }
        return farms;
    }

    /** Where the manifest is unknown the answer is yes: nothing may be linked when the flag is set. */
    private boolean shares(Digest manifest, Set<Digest> blobs) throws IOException {
        Optional<byte[]> copy = roots.copyOf(manifest);
        if (copy.isEmpty()) {
            return true;
        }
        try {
            Set<Digest> needed = new HashSet<>();
            Manifest.fromBytes(copy.get(), manifest.toHex())
                    .contents()
                    .forEach(content -> needed.add(content.digest()));
            return needed.stream().anyMatch(blobs::contains);
        } catch (ManifestException e) {
            return true;
        }
    }
}
