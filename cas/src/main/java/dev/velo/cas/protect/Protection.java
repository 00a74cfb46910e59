package dev.velo.cas.protect;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Protections;
import dev.velo.cas.store.Roots;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Locks manifests, the store's copies of them and all their blobs with the immutable flag, and unlocks them. A protected manifest is a root
 * that never expires. Needs CAP_LINUX_IMMUTABLE and a file system with inode flags (ioctl_iflags(2)).
 */
public final class Protection {
    /** What was done: the manifest and how many inodes of blobs carry the flag because of it, or lost it. */
    public record Result(Path file, Digest manifest, long blobs) {}

    private final Store store;
    private final Protections protections;

    public Protection(Store store) {
        this.store = store;
        this.protections = store.protections();
    }

    /** Protects a manifest. Repeating it completes what was interrupted. */
    public Result protect(UserPath given) throws VeloException {
        Path file = ManifestFile.place(given);
        Manifest manifest = Manifest.open(file);
        String attempt = "cannot protect " + given;
        // Keeps the blobs from a collector that runs meanwhile.
        Lease lease = store.leases().take(Lease.Kind.INGEST, List.of());
        try {
            store.roots().register(file, manifest.digest(), manifest.toBytes());
            Roots.Root root = root(file, attempt);
            List<byte[]> names = names(manifest, lease, attempt);
            Set<Digest> blobs = digests(manifest);
            protections.releaseFarms(blobs);
            boolean already = store.roots().isProtected(root.name());
            boolean whole = false;
            protections.note(root);
            try {
                flag(file, true);
                protections.set(root, names, blobs);
                whole = true;
            } finally {
                if (!whole && !already) {
                    undo(root, file, names);
                }
            }
            return new Result(file, manifest.digest(), names.size());
        } catch (IOException e) {
            throw failure(attempt, e);
        } finally {
            lease.close();
        }
    }

    /** Takes the protection of a manifest back; blobs that another protected manifest needs keep it. */
    public Result unprotect(UserPath given) throws VeloException {
        Path file = ManifestFile.place(given);
        String attempt = "cannot unprotect " + given;
        try {
            Roots.Root root = root(file, attempt);
            if (!store.roots().isProtected(root.name())) {
                throw new StoreException(attempt + ": it is not protected", "velo roots lists what is");
            }
            Set<Digest> others = new HashSet<>();
            boolean copyToo = true;
            for (Roots.Root other : protections.list()) {
                if (!other.name().equals(root.name())) {
                    others.addAll(digests(copy(other.manifest(), attempt)));
                    copyToo &= !other.manifest().equals(root.manifest());
                }
            }
            List<byte[]> names = new ArrayList<>();
            for (Manifest.Content content : copy(root.manifest(), attempt).contents()) {
                if (!others.contains(content.digest())) {
                    names.addAll(present(content.digest()));
                }
            }
            flag(file, false);
            protections.clear(root, names, copyToo);
            return new Result(file, root.manifest(), names.size());
        } catch (IOException e) {
            throw failure(attempt, e);
        }
    }

    /** Only of what this protection began; what cannot be undone either stays noted. */
    private void undo(Roots.Root root, Path file, List<byte[]> names) throws IOException {
        boolean flagged = false;
        for (byte[] name : names) {
            flagged |= protections.isSet(name);
        }
        if (!flagged) {
            flag(file, false);
            protections.forget(root);
        }
    }

    /** The files of the manifests that the store knows and that are there. */
    public List<Path> knownFiles() throws StoreException {
        return store.roots().list().stream()
                .map(Roots.Root::file)
                .filter(Files::exists)
                .sorted()
                .toList();
    }

    /** The files, there or not, of the manifests that are protected. */
    public List<Path> protectedFiles() throws StoreException {
        try {
            return protections.list().stream().map(Roots.Root::file).sorted().toList();
        } catch (IOException e) {
            throw StoreException.of("cannot read the roots of store " + store.path(), e);
        }
    }

    private Roots.Root root(Path file, String attempt) throws StoreException, IOException {
        return store.roots()
                .of(file)
                .orElseThrow(() -> new StoreException(
                        attempt + ": store " + store.path() + " does not know it", "velo roots lists what it knows"));
    }

    private Manifest copy(Digest manifest, String attempt) throws VeloException, IOException {
        byte[] bytes = store.roots()
                .copyOf(manifest)
                .orElseThrow(() -> new StoreException(
                        attempt + ": the store's copy of manifest " + manifest + " is gone",
                        "protect it again first, which renews the copy"));
        try {
            return Manifest.fromBytes(bytes, manifest.toHex());
        } catch (ManifestException e) {
            throw new StoreException(
                    attempt + ": the store's copy of manifest " + manifest + " is damaged",
                    "run velo verify --repair",
                    e);
        }
    }

    private List<byte[]> names(Manifest manifest, Lease lease, String attempt) throws StoreException, IOException {
        List<byte[]> names = new ArrayList<>();
        for (Manifest.Content content : manifest.contents()) {
            List<byte[]> forms = present(content.digest());
            if (!store.blobs().claim(content.digest(), BlobStore.Form.PLAIN, lease)) {
                throw new StoreException(
                        attempt + ": the store lacks " + content.digest() + ", the content of " + content.firstPath(),
                        "ingest the tree again");
            }
            names.addAll(forms);
        }
        return names;
    }

    private List<byte[]> present(Digest digest) throws IOException {
        List<byte[]> names = new ArrayList<>();
        for (BlobStore.Form form : BlobStore.Form.values()) {
            if (store.blobs().status(digest, form).isPresent()) {
                names.add(BlobStore.nameOf(digest, form));
            }
        }
        return names;
    }

    private static Set<Digest> digests(Manifest manifest) {
        Set<Digest> digests = new HashSet<>();
        manifest.contents().forEach(content -> digests.add(content.digest()));
        return digests;
    }

    private static void flag(Path file, boolean immutable) throws IOException {
        FileOps files = FileOps.system();
        try (Descriptor open = files.openRead(FileOps.CWD, file.toString().getBytes(StandardCharsets.UTF_8))) {
            files.setImmutable(open.number(), immutable);
        } catch (ErrnoException e) {
            if (immutable || !e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    static StoreException failure(String attempt, IOException e) {
        if (e instanceof ErrnoException failed) {
            if (failed.is(Errno.EPERM)) {
                return new StoreException(
                        attempt + ": only root (CAP_LINUX_IMMUTABLE) may change the immutable flag",
                        "run this command as root; without it blobs are still read-only (mode 0444)",
                        e);
            }
            if (failed.is(Errno.ENOTTY) || failed.is(Errno.EOPNOTSUPP)) {
                return new StoreException(
                        attempt + ": its file system has no immutable flag", "keep it on ext4, XFS, btrfs or tmpfs", e);
            }
        }
        return StoreException.of(attempt, e);
    }
}
