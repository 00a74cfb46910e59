package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.ModeAttribute;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Opens or makes a store. Two processes may make the same one at once: every step is repeatable, and the marker comes last. */
final class StoreOpening {
    private static final int MARKER_LIMIT = 64;

    private static final byte[] FOLDED_MARKER =
            StoreLayout.name(new String(StoreLayout.MARKER, StandardCharsets.US_ASCII).toUpperCase(Locale.ROOT));

    private final Path path;
    private final FileOps system;

    /** @param path absolute */
    StoreOpening(Path path, FileOps system) {
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("'" + path + "' is not absolute");
        }
        this.path = path;
        this.system = system;
    }

    Store open() throws StoreException {
        if (!Files.isDirectory(path)) {
            throw new StoreException(
                    "cannot open store " + path
                            + (Files.exists(path) ? ": it is not a directory" : ": there is no such directory"),
                    "ingest a tree first, or name the store with --store or VR_THE_SOURCE");
        }
        return opened(false, false);
    }

    Store openOrCreate() throws StoreException {
        boolean existed = Files.isDirectory(path);
        try {
            Files.createDirectories(path, ModeAttribute.of(system.granted(0777)));
        } catch (IOException e) {
            throw new StoreException(
                    "cannot create store " + path + ": " + e.getMessage(),
                    "name a place where you may write with --store or VR_THE_SOURCE",
                    e);
        }
        return opened(!existed || isEmpty(), true);
    }

    private boolean isEmpty() throws StoreException {
        try (Descriptor dir = system.openDirectoryFollowing(bytes(path))) {
            return system.list(dir.number()).isEmpty();
        } catch (IOException e) {
            throw StoreException.of("cannot open store " + path, e);
        }
    }

    private Store opened(boolean fresh, boolean create) throws StoreException {
        Descriptor root = null;
        try {
            root = system.openDirectoryFollowing(bytes(path));
            Optional<String> marker = marker(root);
            if (marker.isEmpty()) {
                marker = refuseForeign(root, create);
            }
            StoreOwner owner = fresh ? claim(root) : ownerOf(root);
            if (marker.isPresent()) {
                checkVersion(marker.get());
            } else {
                build(root, owner);
            }
            refuseOthersDirectories(root);
            refuseFoldedCase(root);
            Store store = new Store(path, owner, system, root);
            root = null;
            sweep(store);
            return store;
        } catch (IOException e) {
            throw StoreException.of("cannot open store " + path, e);
        } finally {
            if (root != null) {
                closeQuietly(root);
            }
        }
    }

    /** Cleaning up after others is no reason not to work; what cannot be cleaned now is tried again at each start. */
    private static void sweep(Store store) {
        try {
            new Leftovers(store).sweep();
        } catch (IOException e) {
            // velo gc --run empties the trash too, and says what stands in its way.
            return;
        }
    }

    private StoreOwner claim(Descriptor root) throws IOException, StoreException {
        FileStatus status = system.status(root.number());
        // A directory that root made ready for an account keeps that account as its owner.
        StoreOwner owner =
                status.uid() != 0 ? new StoreOwner(status.uid(), status.gid()) : StoreOwner.forNewStore(system);
        system.changeMode(root.number(), StoreLayout.PRIVATE);
        if (system.effectiveUid() == 0) {
            give(root, owner);
        }
        return owner;
    }

    private void give(Descriptor root, StoreOwner owner) throws IOException, StoreException {
        try {
            system.changeOwner(root.number(), owner.uid(), owner.gid());
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EINVAL) {
                throw e;
            }
            // chown(2): an id without a mapping. Root of a user namespace may have no other id than its own.
            throw new StoreException(
                    "cannot create store " + path + ": user id " + owner.uid() + " or group id " + owner.gid()
                            + ", which would own it, does not exist in this user namespace",
                    "run velo as an ordinary user, or in a user namespace that has more ids",
                    e);
        }
    }

    private StoreOwner ownerOf(Descriptor root) throws IOException, StoreException {
        FileStatus status = system.status(root.number());
        int caller = system.effectiveUid();
        if (status.uid() == 0) {
            throw new StoreException(
                    "cannot use store " + path + ": it belongs to root, and a sandbox never runs as root of the host",
                    "name a directory that does not exist yet, or give it to an unprivileged account with chown -R");
        }
        if (caller != 0 && status.uid() != caller) {
            throw new StoreException(
                    "cannot use store " + path + ": it belongs to uid " + status.uid() + ", not to you (uid " + caller
                            + ")",
                    "name a store of your own with --store or VR_THE_SOURCE");
        }
        return new StoreOwner(status.uid(), status.gid());
    }

    private Optional<String> marker(Descriptor root) throws IOException {
        try (Descriptor file = system.openRead(root.number(), StoreLayout.MARKER)) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(MARKER_LIMIT);
            while (buffer.hasRemaining() && system.read(file.number(), buffer) > 0) {
                continue;
            }
            byte[] content = new byte[buffer.flip().remaining()];
            buffer.get(content);
            return Optional.of(new String(content, StandardCharsets.US_ASCII));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private void checkVersion(String marker) throws StoreException {
        String version = marker.startsWith(StoreLayout.MARKER_PREFIX)
                ? marker.substring(StoreLayout.MARKER_PREFIX.length()).trim()
                : "";
        if (!version.equals(Integer.toString(StoreLayout.VERSION))) {
            boolean number = version.matches("[0-9]{1,9}");
            throw new StoreException(
                    "cannot use store " + path + ": "
                            + (number
                                    ? "it has format " + version + ", this velo knows " + StoreLayout.VERSION
                                    : "its marker velo-store is damaged"),
                    number ? "use a newer velo" : "run velo verify on a copy, or name another store");
        }
    }

    /** Behind a link may be another store's: a collection of this one would empty it. */
    private void refuseOthersDirectories(Descriptor root) throws IOException, StoreException {
        for (byte[] name : StoreLayout.DIRECTORIES) {
            Optional<FileStatus> status = system.statusIfPresent(root.number(), name);
            if (status.isPresent() && !status.get().isDirectory()) {
                throw new StoreException(
                        "cannot use store " + path + ": " + new String(name, StandardCharsets.US_ASCII) + " is a "
                                + status.get().type().words() + " where a directory belongs",
                        "put the directory itself there, or name another store");
            }
        }
    }

    /** A farm needs names that differ only in case to be two names. */
    private void refuseFoldedCase(Descriptor root) throws IOException, StoreException {
        if (system.statusIfPresent(root.number(), FOLDED_MARKER).isPresent()) {
            throw new StoreException(
                    "cannot use store " + path + ": its file system does not tell upper case from lower case",
                    "keep the store where file names are case-sensitive (chattr -F, another volume)");
        }
    }

    private void build(Descriptor root, StoreOwner owner) throws IOException {
        FileOps files = owner.giving(system);
        for (byte[] directory : StoreLayout.DIRECTORIES) {
            try {
                files.makeDirectory(root.number(), directory, StoreLayout.PRIVATE);
            } catch (ErrnoException e) {
                if (!e.is(Errno.EEXIST)) {
                    throw e;
                }
                if (system.effectiveUid() == 0) {
                    // Whoever made it may have been killed before it was given away.
                    system.changeOwner(root.number(), directory, owner.uid(), owner.gid());
                }
            }
        }
        // In the trash, so that the next start removes what a process that is killed here leaves.
        byte[] staged = StoreLayout.below(StoreLayout.TRASH, StoreLayout.freshName("velo-store"));
        try (Descriptor file = files.createFile(root.number(), staged, 0444)) {
            byte[] text = (StoreLayout.MARKER_PREFIX + StoreLayout.VERSION + "\n").getBytes(StandardCharsets.US_ASCII);
            ByteBuffer buffer = ByteBuffer.allocateDirect(text.length).put(text).flip();
            files.write(file.number(), buffer);
            files.sync(file.number());
        }
        try {
            files.rename(root.number(), staged, root.number(), StoreLayout.MARKER);
        } catch (ErrnoException e) {
            // Another process was faster: it has made the store and emptied the trash.
            if (!e.is(Errno.ENOENT) || marker(root).isEmpty()) {
                throw e;
            }
        }
        files.sync(root.number());
    }

    /** A directory that is neither empty nor half a store is somebody's data. The marker, where another process has just made the store. */
    private Optional<String> refuseForeign(Descriptor root, boolean create) throws IOException, StoreException {
        if (!create) {
            throw new StoreException(
                    "cannot open store " + path + ": it has no file velo-store, so it is no store",
                    "ingest a tree first, or name the store with --store or VR_THE_SOURCE");
        }
        List<byte[]> own = new ArrayList<>(StoreLayout.DIRECTORIES);
        own.add(StoreLayout.GATE);
        for (DirectoryEntry entry : system.list(root.number())) {
            boolean known = own.stream().anyMatch(name -> Arrays.equals(name, entry.name()))
                    || new String(entry.name(), StandardCharsets.ISO_8859_1).startsWith("velo-store");
            if (!known) {
                // What a store has in use is made behind its marker.
                Optional<String> marker = marker(root);
                if (marker.isPresent()) {
                    return marker;
                }
                throw new StoreException(
                        "cannot use " + path + " as a store: it has other files in it ("
                                + ErrnoException.printable(entry.name()) + ")",
                        "name an empty directory or one that does not exist yet");
            }
        }
        return Optional.empty();
    }

    private static byte[] bytes(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void closeQuietly(Descriptor descriptor) {
        try {
            descriptor.close();
        } catch (IOException e) {
            // The failure that led here is the one to report.
        }
    }
}
