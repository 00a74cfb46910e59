package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.VeloException;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The manifests that the store knows of: where each file is, and a copy of its bytes. A root protects its blobs while the file exists,
 * and for the grace period after it was first found missing. Format: docs/formats/store.md.
 */
public final class Roots {
    /** A registered manifest. */
    public record Root(String name, Path file, Digest manifest) {}

    private static final String HEADER = "velo-root 1";
    private static final String MISSING = ".missing";
    private static final String PROTECTED = ".protected";
    private static final String SEEN = ".seen";

    /** Ends the names of files that are still being written; outside the shared gate such a file is a leftover. */
    static final String UNFINISHED = ".new";

    private static final int RECORD_LIMIT = 16 << 10;
    private static final int STEP = 1 << 20;

    private final Store store;
    private final FileOps files;

    Roots(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /**
     * Registers a manifest under the path where the user keeps it. Repeating it is free; another manifest at the same path replaces the first.
     *
     * @param file absolute
     * @param bytes of the manifest, whose digest is {@code manifest}
     */
    public void register(Path file, Digest manifest, byte[] bytes) throws StoreException {
        String name = nameOf(file);
        try {
            if (isProtected(name) && !isRegistered(name, file, manifest)) {
                throw new StoreException(
                        "cannot replace manifest " + file + ": it is protected", "velo unprotect " + file);
            }
            store.gate().shared(() -> {
                put(name, file, manifest, () -> bytes);
                return null;
            });
        } catch (IOException e) {
            throw StoreException.of("cannot register manifest " + file + " in store " + store.path(), e);
        }
    }

    /**
     * As {@link #register}, for who has read the manifest from the file. Where the file has another one by now, that one's registration
     * stays: it would be lost to who read too early. The bytes are kept for the caller's lease all the same.
     *
     * @param content the manifest's, asked for where it is not registered yet
     */
    public void registerRead(Path file, Digest manifest, Supplier<byte[]> content) throws StoreException {
        String name = nameOf(file);
        try {
            boolean known = store.gate().shared(() -> {
                boolean registered = isRegistered(name, file, manifest);
                if (registered) {
                    put(name, file, manifest, content);
                }
                return registered;
            });
            if (known) {
                return;
            }
            byte[] bytes = content.get();
            if (isProtected(name)) {
                register(file, manifest, bytes);
                return;
            }
            // Alone: a writer registers, writes the file and looks again, and must not come between this look and this
            // registration.
            store.gate().exclusive(() -> {
                if (holds(file, bytes)) {
                    put(name, file, manifest, () -> bytes);
                } else {
                    keep(manifest, () -> bytes);
                }
                return null;
            });
        } catch (IOException e) {
            throw StoreException.of("cannot register manifest " + file + " in store " + store.path(), e);
        }
    }

    /** Puts a manifest's file in its place. */
    public interface Writing {
        void write() throws VeloException;
    }

    /**
     * Registers a manifest, has its file written, and sees to it that of two writers of one file the registration is that of what the file
     * holds. In this order: what a manifest names must be needed before the manifest is there.
     */
    public void publish(Path file, Digest manifest, byte[] bytes, Writing writing) throws VeloException {
        register(file, manifest, bytes);
        writing.write();
        confirm(file, manifest, bytes);
    }

    /**
     * For who has written the file after {@link #register}: another registration may have come in between. Looks inside the gate, so that
     * of two writers of one file the later one either finds the other's registration or is found by the other in the file.
     */
    private void confirm(Path file, Digest manifest, byte[] bytes) throws StoreException {
        try {
            if (!store.gate().shared(() -> isRegistered(nameOf(file), file, manifest))) {
                registerRead(file, manifest, () -> bytes);
            }
        } catch (IOException e) {
            throw StoreException.of("cannot register manifest " + file + " in store " + store.path(), e);
        }
    }

    private static boolean holds(Path file, byte[] bytes) throws IOException {
        try {
            // What is no regular file cannot be read twice, and nobody replaces it.
            return Files.exists(file)
                    && (!Files.isRegularFile(file)
                            || (Files.size(file) == bytes.length && Arrays.equals(Files.readAllBytes(file), bytes)));
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Call it inside the gate. */
    private void put(String name, Path file, Digest manifest, Supplier<byte[]> content) throws IOException {
        byte[] record =
                String.join("\n", HEADER, manifest.toHex(), file.toString()).getBytes(StandardCharsets.UTF_8);
        // First: a collector looks when the gate is free again, even where its holder was killed half-way.
        store.gate().announce();
        keep(manifest, content);
        // Always a young change time: a collector that has just found the old file gone must not drop this.
        if (isRegistered(name, file, manifest)) {
            files.touch(store.root(), StoreLayout.below(StoreLayout.ROOTS, name));
        } else {
            replace(StoreLayout.ROOTS, StoreLayout.below(StoreLayout.ROOTS, name), record);
        }
        forgetMissing(name);
    }

    /** Keeps a copy of a manifest's bytes. Call it inside the gate. */
    private void keep(Digest manifest, Supplier<byte[]> content) throws IOException {
        byte[] name = StoreLayout.manifestName(manifest);
        if (!store.immutability().markUsed(name)) {
            replace(StoreLayout.MANIFESTS, name, content.get());
        }
    }

    private boolean isRegistered(String name, Path file, Digest manifest) throws IOException {
        return read(name)
                .filter(root -> root.file().equals(file) && root.manifest().equals(manifest))
                .isPresent();
    }

    private void replace(byte[] parent, byte[] name, byte[] content) throws IOException {
        // Beside its target and not in the trash, which anybody may empty at any time.
        byte[] staged = StoreLayout.name(
                new String(name, StandardCharsets.UTF_8) + "." + StoreLayout.freshName("x") + UNFINISHED);
        try (Descriptor file = files.createFile(store.root(), staged, 0444)) {
            // In steps: the manifest of a large tree is as large as the memory that is left.
            ByteBuffer step = ByteBuffer.allocateDirect(Math.min(STEP, content.length + 1));
            for (int at = 0; at < content.length; at += STEP) {
                step.clear();
                step.put(content, at, Math.min(STEP, content.length - at)).flip();
                files.write(file.number(), step);
            }
            files.sync(file.number());
            files.rename(store.root(), staged, store.root(), name);
        } catch (IOException e) {
            unlinkQuietly(staged);
            throw e;
        }
        // Else a power cut could take the registration of a manifest that was reported done, and the next collection
        // its blobs.
        try (Descriptor directory = files.openDirectory(store.root(), parent)) {
            files.sync(directory.number());
        }
    }

    /** True for what a killed process was writing, and for the mark of a root that is no more. For use inside the exclusive gate. */
    static boolean isLeftover(String name, Set<String> names) {
        return name.endsWith(UNFINISHED)
                || (name.endsWith(MISSING) && !names.contains(name.substring(0, name.length() - MISSING.length())));
    }

    /** All registered manifests. Unreadable records are left out; {@code verify} names them. */
    public List<Root> list() throws StoreException {
        try {
            List<Root> roots = new ArrayList<>();
            try (Descriptor dir = files.openDirectory(store.root(), StoreLayout.ROOTS)) {
                for (DirectoryEntry entry : files.list(dir.number())) {
                    String name = new String(entry.name(), StandardCharsets.UTF_8);
                    // The rest are marks that stand beside them.
                    if (Digest.isHex(name)) {
                        read(name).ifPresent(roots::add);
                    }
                }
            }
            return roots;
        } catch (IOException e) {
            throw StoreException.of("cannot read the roots of store " + store.path(), e);
        }
    }

    private Optional<Root> read(String name) throws IOException {
        Optional<byte[]> content = content(StoreLayout.below(StoreLayout.ROOTS, name), RECORD_LIMIT);
        if (content.isEmpty()) {
            return Optional.empty();
        }
        String[] lines = new String(content.get(), StandardCharsets.UTF_8).split("\n", 3);
        if (lines.length != 3 || !lines[0].equals(HEADER) || !Digest.isHex(lines[1])) {
            return Optional.empty();
        }
        // None is relative; one in a damaged store must not depend on where this process works.
        return Optional.of(new Root(name, Path.of("/").resolve(lines[2]), Digest.fromHex(lines[1])));
    }

    /** The store's own copy of a manifest, empty where it has none. */
    public Optional<byte[]> copyOf(Digest manifest) throws IOException {
        return content(StoreLayout.manifestName(manifest), Integer.MAX_VALUE - 16);
    }

    /** Where the store's own copy of a registered manifest is, which a lease on it keeps. */
    public Path copyFile(Digest manifest) {
        return store.resolve(StoreLayout.manifestName(manifest));
    }

    /** True where the store has a copy of the manifest. */
    public boolean hasCopy(Digest manifest) throws IOException {
        return files.statusIfPresent(store.root(), StoreLayout.manifestName(manifest))
                .isPresent();
    }

    private Optional<byte[]> content(byte[] name, int limit) throws IOException {
        try (Descriptor file = files.openRead(store.root(), name)) {
            long size = Math.min(limit, files.status(file.number()).size());
            ByteBuffer buffer = ByteBuffer.allocateDirect((int) size);
            while (buffer.hasRemaining() && files.read(file.number(), buffer) > 0) {
                continue;
            }
            byte[] content = new byte[buffer.flip().remaining()];
            buffer.get(content);
            return Optional.of(content);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * When the root's file was first found missing, by the store's clock.
     *
     * @param remember note it as missing from now on where nothing is noted yet; otherwise the answer is empty then
     */
    public Optional<Timestamp> missingSince(String name, boolean remember) throws IOException {
        byte[] mark = StoreLayout.below(StoreLayout.ROOTS, name + MISSING);
        Optional<FileStatus> status = files.statusIfPresent(store.root(), mark);
        if (status.isPresent() || !remember) {
            return status.map(FileStatus::changed);
        }
        try (Descriptor file = files.openOrCreate(store.root(), mark, 0600)) {
            return Optional.of(files.status(file.number()).changed());
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOSPC) || e.is(Errno.EDQUOT)) {
                // The grace period then begins with the first collection that has space to note it.
                return Optional.empty();
            }
            throw e;
        }
    }

    /** What an earlier collection saw in the place of a root's file. */
    public Optional<Sighting> sighting(String name) throws IOException {
        return content(StoreLayout.below(StoreLayout.ROOTS, name + SEEN), RECORD_LIMIT)
                .flatMap(Sighting::decode);
    }

    /** Remembers it, where there is space: it only saves time. */
    public void note(String name, Sighting sighting) throws IOException {
        try {
            replace(StoreLayout.ROOTS, StoreLayout.below(StoreLayout.ROOTS, name + SEEN), sighting.encode());
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOSPC) && !e.is(Errno.EDQUOT)) {
                throw e;
            }
        }
    }

    /** True for a root that keeps what it needs whatever becomes of its file, and whose blobs are immutable. */
    public boolean isProtected(String name) throws IOException {
        return files.statusIfPresent(store.root(), protectedName(name)).isPresent();
    }

    /** Notes the protection, synced: it must outlive a crash that comes while flags are being set, so that they can be taken back. */
    void noteProtected(String name) throws IOException {
        try (Descriptor file = files.openOrCreate(store.root(), protectedName(name), 0600)) {
            files.sync(file.number());
        }
    }

    void forgetProtected(String name) throws IOException {
        unlinkIfPresent(protectedName(name));
    }

    private static byte[] protectedName(String name) {
        return StoreLayout.below(StoreLayout.ROOTS, name + PROTECTED);
    }

    /** The root of a manifest file, empty where none is registered under that path. */
    public Optional<Root> of(Path file) throws IOException {
        return read(nameOf(file));
    }

    /** What is there for as long as this registration is, relative to the store. */
    public List<byte[]> files(Path file, Digest manifest) {
        return List.of(StoreLayout.below(StoreLayout.ROOTS, nameOf(file)), StoreLayout.manifestName(manifest));
    }

    private static String nameOf(Path file) {
        return Digest.of(file.toString().getBytes(StandardCharsets.UTF_8)).toHex();
    }

    /** The root's file is there again. */
    public void forgetMissing(String name) throws IOException {
        unlinkIfPresent(StoreLayout.below(StoreLayout.ROOTS, name + MISSING));
    }

    /** Forgets a root. */
    public void drop(String name) throws IOException {
        // In this order: a mark without its record would stay for ever.
        unlinkIfPresent(StoreLayout.below(StoreLayout.ROOTS, name + SEEN));
        forgetMissing(name);
        unlinkIfPresent(StoreLayout.below(StoreLayout.ROOTS, name));
    }

    /** A collection removes what stays. */
    private void unlinkQuietly(byte[] staged) {
        try {
            unlinkIfPresent(staged);
        } catch (IOException e) {
            return;
        }
    }

    private void unlinkIfPresent(byte[] name) throws IOException {
        try {
            files.unlink(store.root(), name);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }
}
