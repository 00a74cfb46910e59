package dev.velo.linkfarm;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestBuilder;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A store with blobs put in by hand, and trees written as values. */
final class FarmStore implements AutoCloseable {
    static final Timestamp TIME = new Timestamp(1_234_567_890L, 123_456_789);

    /** Says that metadata layers can be mounted: here nobody mounts them. */
    static final LayerProbe LAYERS = directory -> Optional.empty();

    private final Store store;

    FarmStore(Path path) throws StoreException {
        this.store = Store.openOrCreate(path);
    }

    Store store() {
        return store;
    }

    /** Stores the content and gives the file that uses it. */
    FileNode file(String content, int mode) throws IOException, StoreException {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        Digest digest = Digest.of(bytes);
        try (Lease lease = store.leases().take(Lease.Kind.INGEST, List.of())) {
            Staging staging = new Staging(store, store.blobs(), lease);
            if (!staging.claim(digest, BlobStore.Form.PLAIN)) {
                Staging.Draft draft = staging.draft();
                ByteBuffer buffer = ByteBuffer.allocateDirect(Math.max(1, bytes.length));
                store.files().write(draft.file().number(), buffer.put(bytes).flip());
                staging.seal(draft, digest, BlobStore.Form.PLAIN, bytes.length);
                staging.commit();
            }
        }
        return new FileNode(mode, bytes.length, TIME, digest);
    }

    /** A file whose content the store lacks. */
    static FileNode absent(String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        return new FileNode(0644, bytes.length, TIME, Digest.of(bytes));
    }

    static DirectoryNode.Child child(String name, TreeNode node) {
        return new DirectoryNode.Child(FileName.of(name), node);
    }

    static DirectoryNode directory(int mode, DirectoryNode.Child... children) {
        DirectoryNode.Child[] sorted = children.clone();
        Arrays.sort(sorted);
        return new DirectoryNode(mode, TIME, false, List.of(sorted));
    }

    static SymlinkNode link(String target) {
        return new SymlinkNode(TIME, target.getBytes(StandardCharsets.UTF_8));
    }

    static Manifest manifest(DirectoryNode tree) throws ManifestException {
        return Manifest.fromBytes(ManifestBuilder.encode(tree), "test");
    }

    /** Registers the manifest, so that the store keeps a copy of it. */
    Manifest registered(DirectoryNode tree) throws ManifestException, StoreException {
        byte[] bytes = ManifestBuilder.encode(tree);
        Manifest manifest = Manifest.fromBytes(bytes, "test");
        store.roots().register(store.path().resolveSibling("m.velo"), manifest.digest(), bytes);
        return manifest;
    }

    Path blob(FileNode file, BlobStore.Form form) {
        return store.resolve(BlobStore.nameOf(file.digest(), form));
    }

    Path path(Farm farm) {
        return store.path().resolve(farm.tree());
    }

    @Override
    public void close() {
        store.close();
    }
}
