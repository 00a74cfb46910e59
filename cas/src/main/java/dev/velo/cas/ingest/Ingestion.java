package dev.velo.cas.ingest;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.Progress;
import dev.velo.cas.TreePath;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.ManifestBuilder;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.SourceException;
import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Puts a tree into a store and writes its manifest. Use once.
 *
 * <p>Order: take a lease, stage every content the store lacks, make that durable and visible, register the manifest, write it. A crash at
 * any point leaves a store that is sound and, at worst, contents that the next collection removes.
 */
public final class Ingestion {
    private final Store store;
    private final IngestRequest request;
    private final Supplier<Workers> workers;
    private final IngestLog log;

    public Ingestion(Store store, IngestRequest request, Progress progress) {
        this(store, request, progress, () -> new Workers(request.jobs()));
    }

    /** @param workers what hashes and copies; a test may have it done in an order that can be repeated */
    Ingestion(Store store, IngestRequest request, Progress progress, Supplier<Workers> workers) {
        this.store = store;
        this.request = request;
        this.workers = workers;
        this.log = new IngestLog(progress);
    }

    /** Does all of it. The manifest is written last, and only when everything it names is durable. */
    public IngestResult run() throws VeloException {
        Selection selection = Selection.of(request, new ExcludeRules(request.excludes()));
        checkOutput();
        StatCache cache = KnownFiles.cacheOf(store, request.source().path(), request.forceHash());
        try (Descriptor source = openSource();
                Lease lease = store.leases().take(Lease.Kind.INGEST, KnownFiles.manifests(cache))) {
            refuseStore();
            Staging staging = new Staging(store, store.blobs(), lease);
            KnownFiles known = KnownFiles.with(cache, request.source().path(), store, lease, staging);
            PendingDirectory tree = read(source, selection, new Sources(store, staging, known));
            if (!log.faultLines().isEmpty()) {
                return result(null, new Staging.Committed(0, 0), known);
            }
            Staging.Committed committed = staging.commit();
            known.stage();
            byte[] bytes = encode(tree.take());
            Digest manifest = Digest.of(bytes);
            Path output = ManifestFile.place(request.output());
            store.roots()
                    .publish(output, manifest, bytes, () -> ManifestFile.write(bytes, output, store.callerFiles()));
            known.publish(manifest);
            return result(manifest, committed, known);
        } catch (IOException e) {
            throw StoreException.of("cannot ingest " + request.source() + " into store " + store.path(), e);
        }
    }

    private Descriptor openSource() throws VeloException {
        UserPath source = request.source();
        try {
            return store.callerFiles().openDirectoryFollowing(source.toBytes());
        } catch (IOException e) {
            throw new VeloException(
                    "cannot ingest " + source + ": " + source.told(e), "name a directory that you may read", e);
        }
    }

    /** What is in there belongs to others, too: tenants, and whatever was ingested from where this user may not read. */
    private void refuseStore() throws IOException, VeloException {
        if (request.source().path().toRealPath().startsWith(store.outermost())) {
            throw new VeloException(
                    "cannot ingest " + request.source() + ": it is part of store " + store.outermost(),
                    "name a directory outside of it; velo export gives the tree of a manifest back");
        }
    }

    /** Before the work, not after it. */
    private void checkOutput() throws VeloException {
        Path output = ManifestFile.place(request.output());
        if (output.getParent() == null
                || !Files.isDirectory(output.getParent())
                || Files.exists(output) && !Files.isRegularFile(output)) {
            throw new VeloException(
                    "cannot write manifest " + request.output() + ": "
                            + (Files.exists(output) ? "it is not a regular file" : "its directory does not exist"),
                    "name a file in a directory that exists with --output");
        }
        // One inside the source would become part of the tree.
        ManifestFile.removeLeftovers(output.getParent(), store.callerFiles());
    }

    private PendingDirectory read(Descriptor source, Selection selection, Sources sources)
            throws IOException, VeloException {
        try (Workers pool = workers.get()) {
            FileStatus root = outermost();
            TreeWalk.Identity hidden = hiddenFile();
            TreeWalk.Intake intake = (directory, name, parent) -> take(sources, directory, name, parent, hidden);
            TreeWalk walk = new TreeWalk(store.callerFiles(), pool, intake, log, TreeWalk.Identity.of(root));
            PendingDirectory tree = walk.walk(source, selection);
            pool.finish();
            return tree;
        }
    }

    private FileStatus outermost() throws IOException {
        Path outermost = store.outermost();
        return outermost.equals(store.path().toRealPath())
                ? store.files().status(store.root())
                : store.callerFiles().status(FileOps.CWD, outermost.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Null for what is no part of the tree, and for what could not be read, which is then a fault. */
    private FileNode take(Sources sources, int directory, FileName name, TreePath parent, TreeWalk.Identity hidden)
            throws IOException {
        try {
            String secret = SecretFile.kind(store.callerFiles(), directory, name, parent);
            if (secret != null) {
                log.secret(parent.child(name), secret);
                if (request.excludeSecrets()) {
                    return null;
                }
            }
            FileNode node = sources.intake().take(directory, name.toBytes(), hidden);
            if (node != null) {
                log.fileDone(node.size());
            }
            return node;
        } catch (SourceException e) {
            log.fault(parent.child(name), e.fault());
            return null;
        }
    }

    /** The manifest being replaced may lie inside the source; it is no part of it. */
    private TreeWalk.Identity hiddenFile() {
        byte[] output = ManifestFile.place(request.output()).toString().getBytes(StandardCharsets.UTF_8);
        try {
            return store.callerFiles()
                    .statusIfPresent(FileOps.CWD, output)
                    .filter(FileStatus::isRegular)
                    .map(TreeWalk.Identity::of)
                    .orElse(null);
        } catch (IOException e) {
            // Writing the manifest will say what is wrong with its path.
            return null;
        }
    }

    private byte[] encode(DirectoryNode tree) throws VeloException {
        try {
            return ManifestBuilder.encode(tree);
        } catch (IllegalArgumentException e) {
            throw new VeloException(
                    "cannot write a manifest of " + request.source() + ": " + e.getMessage(),
                    "leave out what is too deep or too much with --exclude",
                    e);
        }
    }

    private IngestResult result(Digest manifest, Staging.Committed committed, KnownFiles known) {
        return new IngestResult(
                manifest,
                log.files.sum(),
                log.directories.sum(),
                log.symlinks.sum(),
                log.bytes.sum(),
                committed.blobs(),
                committed.bytes(),
                known.hits(),
                log.secretLines(),
                log.skippedLines(),
                log.faultLines());
    }
}
