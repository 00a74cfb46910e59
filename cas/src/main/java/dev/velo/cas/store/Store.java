package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;

/**
 * An open store. Gives access to its parts; each part may be used by many threads. Closing it releases descriptors and no more: whatever
 * must outlive a process is on disk, whatever must not is a lock that dies with it.
 */
public final class Store implements AutoCloseable {
    private final Path path;
    private final StoreOwner owner;
    private final FileOps files;
    private final FileOps callerFiles;
    private final Descriptor root;
    private final Gate gate;

    /** @param system gives what it makes to whoever runs this */
    Store(Path path, StoreOwner owner, FileOps system, Descriptor root) throws IOException {
        this.path = path;
        this.owner = owner;
        this.callerFiles = system;
        this.files = owner.giving(system);
        this.root = root;
        this.gate = new Gate(files, root.number());
    }

    /** Opens the store at a path, making it where there is nothing yet. Leftovers of processes that died are cleaned. */
    public static Store openOrCreate(Path path) throws StoreException {
        return openOrCreate(path, FileOps.system());
    }

    /** @param callerFiles what makes files for whoever works with the store */
    public static Store openOrCreate(Path path, FileOps callerFiles) throws StoreException {
        return new StoreOpening(path, callerFiles).openOrCreate();
    }

    /** Opens a store that exists. */
    public static Store open(Path path) throws StoreException {
        return open(path, FileOps.system());
    }

    /** @param callerFiles what makes files for whoever works with the store */
    public static Store open(Path path, FileOps callerFiles) throws StoreException {
        return new StoreOpening(path, callerFiles).open();
    }

    /** Absolute. */
    public Path path() {
        return path;
    }

    public StoreOwner owner() {
        return owner;
    }

    /** File operations that give what they make to the store's owner. */
    public FileOps files() {
        return files;
    }

    /** File operations for what is not the store's: sources, and the manifests that its users keep. */
    public FileOps callerFiles() {
        return callerFiles;
    }

    /** The real path of all that belongs together: this store, or, where it is a tenant's, the store that has the tenants. */
    public Path outermost() throws IOException {
        return Tenants.outermost(path.toRealPath());
    }

    /**
     * What is at its path is this store still: the directory, its owner, and the gate, without which leases would be taken where no collector
     * looks.
     */
    public boolean isInPlace() throws IOException {
        // The directory itself, where the path is a link to it.
        byte[] named = (path + "/.").getBytes(StandardCharsets.UTF_8);
        Optional<FileStatus> now = files.statusIfPresent(FileOps.CWD, named);
        FileStatus opened = files.status(root.number());
        return now.isPresent()
                && now.get().isSameFile(opened)
                && now.get().uid() == opened.uid()
                && gate.isInPlace(root.number());
    }

    /** The descriptor of the store's root. */
    public int root() {
        return root.number();
    }

    /** Gives a file that others have made to the store's owner. */
    void give(int fd) throws IOException {
        FileStatus status = files.status(fd);
        if (status.uid() != owner.uid() || status.gid() != owner.gid()) {
            files.changeOwner(fd, owner.uid(), owner.gid());
        }
    }

    Gate gate() {
        return gate;
    }

    Immutability immutability() {
        return new Immutability(this);
    }

    public BlobStore blobs() {
        return new BlobStore(this);
    }

    public Leases leases() {
        return new Leases(this);
    }

    public Protections protections() {
        return new Protections(this);
    }

    public Roots roots() {
        return new Roots(this);
    }

    public CacheFiles caches() {
        return new CacheFiles(this);
    }

    /** The path of something inside the store, for the launch plan and for messages. */
    public Path resolve(byte[] relative) {
        return path.resolve(new String(relative, StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        closeQuietly(gate::close);
        closeQuietly(root::close);
    }

    private interface Closing {
        void close() throws IOException;
    }

    private static void closeQuietly(Closing closing) {
        try {
            closing.close();
        } catch (IOException e) {
            // Nothing was written through these descriptors that a failing close could lose.
            return;
        }
    }

    /** Where things lie that nobody looks for any more. */
    public Path trash() {
        return resolve(StoreLayout.TRASH);
    }

    /** Whether nothing waits to be deleted. */
    public boolean trashIsEmpty() throws IOException {
        return new Leftovers(this).trashIsEmpty();
    }

    /**
     * Takes something out of everybody's view in one step; deleting it is for later.
     *
     * @param path relative to the store
     */
    public void discard(byte[] path, String label) throws IOException {
        files().rename(root(), path, root(), StoreLayout.below(StoreLayout.TRASH, StoreLayout.freshName(label)));
    }
}
