package dev.velo.cas.collect;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Roots;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The roots of a store as its user manages them. */
public final class RootList {
    private final Store store;
    private final Roots roots;

    public RootList(Store store) {
        this.store = store;
        this.roots = store.roots();
    }

    /** In ascending order of path. */
    public List<RootState> list() throws StoreException {
        try {
            List<RootState> states = new ArrayList<>();
            for (Roots.Root root : roots.list()) {
                states.add(new RootState(root.file(), root.manifest(), state(root), roots.isProtected(root.name())));
            }
            states.sort(Comparator.comparing(RootState::file));
            return states;
        } catch (IOException e) {
            throw StoreException.of("cannot read the roots of store " + store.path(), e);
        }
    }

    private static RootState.State state(Roots.Root root) {
        if (Files.notExists(root.file())) {
            return RootState.State.MISSING;
        }
        try {
            return Manifest.open(root.file()).digest().equals(root.manifest())
                    ? RootState.State.PRESENT
                    : RootState.State.CHANGED;
        } catch (ManifestException e) {
            return RootState.State.UNREADABLE;
        }
    }

    /** Registers a manifest where it lies. A promise to keep what is not there would be none. */
    public void add(UserPath file) throws VeloException {
        Manifest manifest = Manifest.open(file);
        refuseMissing(file, manifest);
        roots.registerRead(ManifestFile.place(file), manifest.digest(), manifest::toBytes);
        // A collection may have come in between; from here on none takes anything.
        refuseMissing(file, manifest);
    }

    private void refuseMissing(UserPath file, Manifest manifest) throws StoreException {
        long missing = 0;
        String first = null;
        try {
            for (Manifest.Content content : manifest.contents()) {
                if (store.blobs().status(content.digest(), BlobStore.Form.PLAIN).isEmpty()) {
                    first = missing++ == 0 ? content.firstPath().toString() : first;
                }
            }
        } catch (IOException e) {
            throw StoreException.of("cannot keep the contents of " + file, e);
        }
        if (missing > 0) {
            throw new StoreException(
                    "cannot keep the contents of " + file + ": store " + store.path() + " lacks " + missing
                            + " of them, first that of " + first,
                    "pull the manifest, or ingest the tree again");
        }
    }

    /**
     * Forgets a root, which a collection may then take the contents of.
     *
     * @param name the path of its file, or the digest of a manifest for every root of that manifest
     * @param directory absolute: where a relative path starts
     * @throws StoreException where there is none, or it is protected
     */
    public void drop(String name, Path directory) throws StoreException {
        String attempt = "cannot drop " + name;
        List<Roots.Root> matching = roots.list().stream()
                .filter(root -> matches(root, name, directory))
                .toList();
        if (matching.isEmpty()) {
            throw new StoreException(attempt + ": no such root", "velo roots lists them");
        }
        try {
            for (Roots.Root root : matching) {
                if (roots.isProtected(root.name())) {
                    throw new StoreException(attempt + ": it is protected", "velo unprotect " + root.file());
                }
            }
            for (Roots.Root root : matching) {
                roots.drop(root.name());
            }
        } catch (IOException e) {
            throw StoreException.of(attempt, e);
        }
    }

    private static boolean matches(Roots.Root root, String name, Path directory) {
        if (Digest.isHex(name) && root.manifest().equals(Digest.fromHex(name))) {
            return true;
        }
        try {
            UserPath file = UserPath.of(Path.of(name), directory);
            return root.file().equals(ManifestFile.place(file)) || root.file().equals(file.path());
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
