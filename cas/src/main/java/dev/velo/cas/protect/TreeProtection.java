package dev.velo.cas.protect;

import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * The immutable flag on ordinary files: a path that is no manifest, and all that is below it on its file system. Symbolic links and special
 * files have no such flag (ioctl_iflags(2)) and are passed over; in a directory with the flag nobody can replace them.
 */
public final class TreeProtection {
    private final FileOps files;
    private final Optional<FileStatus> store;

    /** @param store of the store's directory, if there is one: only {@link Protection} may lock what is in it */
    public TreeProtection(FileOps files, Optional<FileStatus> store) {
        this.files = files;
        this.store = store;
    }

    /** What {@link Protection} does not know: a directory, or a regular file that neither is a manifest nor is called one. */
    public static boolean isFor(UserPath given) {
        Path path = given.path();
        return Files.isDirectory(path)
                || (Files.isRegularFile(path) && !path.toString().endsWith(".velo") && !ManifestFile.isManifest(path));
    }

    /**
     * Sets the flag everywhere; what was set before a failure is cleared again.
     *
     * @return how many inodes did not have it
     */
    public long protect(UserPath given) throws VeloException {
        String attempt = "cannot protect " + given;
        Set<Long> changed = new HashSet<>();
        try {
            try {
                new Walk(true, null, changed, attempt).begin(given);
            } catch (IOException | VeloException e) {
                new Walk(false, changed, new HashSet<>(), attempt).begin(given);
                throw e;
            }
        } catch (IOException e) {
            throw Protection.failure(attempt, e);
        }
        return changed.size();
    }

    /**
     * Clears the flag everywhere.
     *
     * @return how many inodes had it
     */
    public long unprotect(UserPath given) throws VeloException {
        String attempt = "cannot unprotect " + given;
        Set<Long> changed = new HashSet<>();
        try {
            new Walk(false, null, changed, attempt).begin(given);
        } catch (IOException e) {
            throw Protection.failure(attempt, e);
        }
        return changed.size();
    }

    /** One way through the tree. All of it is on one file system, so an inode's number names it. */
    private final class Walk {
        private final boolean immutable;
        private final Set<Long> only;
        private final Set<Long> changed;
        private final String attempt;
        private long device;

        /** @param only the inodes that may be changed; null: all */
        Walk(boolean immutable, Set<Long> only, Set<Long> changed, String attempt) {
            this.immutable = immutable;
            this.only = only;
            this.changed = changed;
            this.attempt = attempt;
        }

        void begin(UserPath given) throws IOException, VeloException {
            byte[] path = given.toBytes();
            try (Descriptor top = Files.isDirectory(given.path())
                    ? files.openDirectoryFollowing(path)
                    : files.openRead(FileOps.CWD, path)) {
                FileStatus status = files.status(top.number());
                device = status.device();
                visit(top, status);
            }
        }

        private void visit(Descriptor open, FileStatus status) throws IOException, VeloException {
            if (store.filter(status::isSameFile).isPresent()) {
                throw new StoreException(
                        attempt + ": the store is in it", "name the manifests whose contents are to be protected");
            }
            if (status.isDirectory()) {
                for (DirectoryEntry entry : files.list(open.number())) {
                    enter(open.number(), entry.name());
                }
            }
            if ((only == null || only.contains(status.inode())) && files.isImmutable(open.number()) != immutable) {
                files.setImmutable(open.number(), immutable);
                changed.add(status.inode());
            }
        }

        private void enter(int directory, byte[] name) throws IOException, VeloException {
            FileStatus status = files.statusIfPresent(directory, name).orElse(null);
            if (status == null || status.device() != device || !(status.isDirectory() || status.isRegular())) {
                return;
            }
            try (Descriptor open =
                    status.isDirectory() ? files.openDirectory(directory, name) : files.openRead(directory, name)) {
                visit(open, files.status(open.number()));
            }
        }
    }
}
