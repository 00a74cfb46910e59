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
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** The leases of a store: one directory each, with a locked file in it. Format: docs/formats/store.md. */
public final class Leases {
    private static final String HEADER = "velo-lease 1\n";
    private static final String MANIFEST = "manifest ";
    private static final int FILE_LIMIT = 1 << 20;

    /**
     * A lease that somebody holds now.
     *
     * @param since when it began, by the file system's clock
     * @param manifests what it names
     */
    public record Held(String name, Timestamp since, List<Digest> manifests) {
        /** True for an ingest: it keeps whatever it has touched since it began. */
        public boolean isIngest() {
            return name.startsWith(Lease.Kind.INGEST.label() + "-");
        }
    }

    /** The beginning of a lease that keeps everything; as modification time of its lock, which is not used otherwise. */
    static final Timestamp EVER = new Timestamp(0, 0);

    private final Store store;
    private final FileOps files;

    Leases(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /** Takes a lease that names these manifests. From its return on, the collector keeps what they need. */
    public Lease take(Lease.Kind kind, Collection<Digest> manifests) throws StoreException {
        String name = StoreLayout.freshName(kind.label());
        StringBuilder text = new StringBuilder(HEADER);
        manifests.forEach(digest -> text.append(MANIFEST).append(digest.toHex()).append('\n'));
        byte[] content = text.toString().getBytes(StandardCharsets.US_ASCII);
        Lease[] taken = new Lease[1];
        try {
            // Between creation and lock it looks like one whose holder has died: the gate keeps the sweep away.
            return store.gate().shared(() -> {
                files.makeDirectory(store.root(), path(name), StoreLayout.PRIVATE);
                taken[0] = locked(name, content);
                store.gate().announce();
                return taken[0];
            });
        } catch (IOException e) {
            if (taken[0] == null) {
                removeQuietly(name);
            } else {
                taken[0].close();
            }
            throw StoreException.of("cannot take a lease in store " + store.path(), e);
        }
    }

    /**
     * True where every collection that may still remove something has seen this lease, or will: then the contents of the manifests that it
     * names stay until it ends, without a claim on each. False where a collector is at work that may have read the leases before.
     */
    public boolean isSeenByCollectors(Lease lease) throws IOException {
        return isHeld(lease.name()) && AtWork.nobody(store);
    }

    private Lease locked(String name, byte[] content) throws IOException {
        Descriptor file = files.createFile(store.root(), lockPath(name), 0600);
        Descriptor directory = null;
        try {
            files.lock(file.number(), true);
            files.write(
                    file.number(),
                    ByteBuffer.allocateDirect(content.length).put(content).flip());
            directory = files.openDirectory(store.root(), path(name));
            return new Lease(
                    this, name, directory, file, files.status(file.number()).changed());
        } catch (IOException e) {
            // Left open it would look like a lease for as long as this process lives.
            closeQuietly(file);
            closeQuietly(directory);
            throw e;
        }
    }

    /**
     * Lets a lease keep whatever there is, however old it looks. One value for all: two that share the gate may do this to one lease at the
     * same time, and of two values the later one could win. Call it inside the gate.
     */
    void keepEverything(int lock) throws IOException {
        store.gate().announce();
        files.setModified(lock, EVER);
    }

    /** {@link Lease#cover} for every lease, whoever holds it. Call it inside the gate. */
    void cover(Timestamp changed) throws IOException {
        for (String name : names()) {
            try (Descriptor lock = openLock(name)) {
                if (lock != null && changed.compareTo(beginning(lock)) < 0) {
                    keepEverything(lock.number());
                }
            }
        }
    }

    /** Null where the lease has ended, or something else has its name. */
    private Descriptor openLock(String name) throws IOException {
        try {
            return files.openRead(store.root(), lockPath(name));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT) || e.is(Errno.ENOTDIR)) {
                return null;
            }
            throw e;
        }
    }

    private Timestamp beginning(Descriptor lock) throws IOException {
        FileStatus status = files.status(lock.number());
        return status.modified().equals(EVER) ? EVER : status.changed();
    }

    /** What stays is without a holder, so the next start removes it. */
    void removeQuietly(String name) {
        try {
            remove(name);
        } catch (IOException e) {
            return;
        }
    }

    static void closeQuietly(Descriptor descriptor) {
        try {
            if (descriptor != null) {
                descriptor.close();
            }
        } catch (IOException e) {
            // On Linux the descriptor, and with it the lock, is gone even where close(2) fails.
            return;
        }
    }

    /** The leases that are held now; those whose holder has died are left to {@link #sweep}. Call it inside the gate. */
    List<Held> held() throws IOException {
        List<Held> held = new ArrayList<>();
        for (String name : names()) {
            try (Descriptor lock = openLock(name)) {
                if (lock != null && !files.tryLock(lock.number(), false)) {
                    held.add(new Held(name, beginning(lock), manifests(lock)));
                }
            }
        }
        return held;
    }

    /** How many leases are held now. */
    public int count() throws StoreException {
        try {
            return store.gate().shared(() -> held().size());
        } catch (IOException e) {
            throw StoreException.of("cannot read the leases of store " + store.path(), e);
        }
    }

    /** True while the holder of this lease lives. Call it inside the gate. */
    boolean isHeld(String name) throws IOException {
        try (Descriptor lock = openLock(name)) {
            return lock != null && !files.tryLock(lock.number(), false);
        }
    }

    /**
     * Moves what holders that died have left to the trash, and returns how much that was. Call it inside the exclusive gate; deleting
     * is for later, outside of it.
     */
    int sweep() throws IOException {
        int moved = 0;
        for (String name : names()) {
            if (!isHeld(name)) {
                moveToTrash(name);
                moved++;
            }
        }
        return moved;
    }

    /** Ends a lease: its directory vanishes in one step, and then its contents are deleted. */
    void remove(String name) throws IOException {
        byte[] trash = moveToTrash(name);
        new TreeRemoval(files).remove(store.root(), trash);
    }

    private byte[] moveToTrash(String name) throws IOException {
        byte[] target = StoreLayout.below(StoreLayout.TRASH, StoreLayout.freshName("lease"));
        try {
            files.rename(store.root(), path(name), store.root(), target);
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
        return target;
    }

    Path pathOf(String name) {
        return store.resolve(path(name));
    }

    private List<String> names() throws IOException {
        List<String> names = new ArrayList<>();
        try (Descriptor dir = files.openDirectory(store.root(), StoreLayout.LEASES)) {
            for (DirectoryEntry entry : files.list(dir.number())) {
                names.add(new String(entry.name(), StandardCharsets.UTF_8));
            }
        }
        return names;
    }

    private List<Digest> manifests(Descriptor file) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(
                (int) Math.min(FILE_LIMIT, files.status(file.number()).size() + 1));
        while (buffer.hasRemaining() && files.read(file.number(), buffer) > 0) {
            continue;
        }
        byte[] content = new byte[buffer.flip().remaining()];
        buffer.get(content);
        List<Digest> digests = new ArrayList<>();
        for (String line : new String(content, StandardCharsets.US_ASCII).split("\n")) {
            Optional.of(line)
                    .filter(text -> text.startsWith(MANIFEST))
                    .map(text -> text.substring(MANIFEST.length()))
                    .filter(Digest::isHex)
                    .map(Digest::fromHex)
                    .ifPresent(digests::add);
        }
        return digests;
    }

    private static byte[] path(String name) {
        return StoreLayout.below(StoreLayout.LEASES, name);
    }

    private static byte[] lockPath(String name) {
        return StoreLayout.below(path(name), StoreLayout.LEASE_LOCK);
    }
}
