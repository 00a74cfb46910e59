package dev.velo.cas.ingest;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
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
import java.util.HashSet;
import java.util.List;
import java.util.Set;
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
    private final IngestProgress progress;
    private final Supplier<Workers> workers;
    private final IngestLog log = new IngestLog();

    public Ingestion(Store store, IngestRequest request, IngestProgress progress) {
        this(store, request, progress, () -> new Workers(request.jobs()));
    }

    /** @param workers what hashes and copies; a test may have it done in an order that can be repeated */
    Ingestion(Store store, IngestRequest request, IngestProgress progress, Supplier<Workers> workers) {
        this.store = store;
        this.request = request;
        this.progress = progress;
        this.workers = workers;
    }

    /** Does all of it. The manifest is written last, and only when everything it names is durable. */
    public IngestResult run() throws VeloException {
        ExcludeRules excludes = new ExcludeRules(request.excludes());
        checkOutput();
        try (Descriptor source = openSource();
                Lease lease = store.leases().take(Lease.Kind.INGEST, List.of())) {
            Staging staging = new Staging(store, store.blobs(), lease);
            DirectoryNode tree = read(source, excludes, staging);
            if (!log.faultLines().isEmpty()) {
                return result(null, new Staging.Committed(0, 0));
            }
            Staging.Committed committed = staging.commit();
            byte[] bytes = encode(tree);
            Digest manifest = Digest.of(bytes);
            Path output = ManifestFile.place(request.output());
            store.roots().register(output, manifest, bytes);
            ManifestFile.write(bytes, output, store.callerFiles());
            return result(manifest, committed);
        } catch (IOException e) {
            throw StoreException.of("cannot ingest " + request.source() + " into store " + store.path(), e);
        }
    }

    private Descriptor openSource() throws VeloException {
        Path source = request.source();
        try {
            return store.callerFiles().openDirectoryFollowing(source.toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new VeloException(
                    "cannot ingest " + source + ": " + e.getMessage(), "name a directory that you may read", e);
        }
    }

    /** Before the work, not after it. */
    private void checkOutput() throws VeloException {
        Path output = ManifestFile.place(request.output());
        if (output.getParent() == null || !Files.isDirectory(output.getParent()) || Files.isDirectory(output)) {
            throw new VeloException(
                    "cannot write manifest " + request.output() + ": "
                            + (Files.isDirectory(output) ? "it is a directory" : "its directory does not exist"),
                    "name a file in a directory that exists with --output");
        }
        // One inside the source would become part of the tree.
        ManifestFile.removeLeftovers(output.getParent(), store.callerFiles());
    }

    private DirectoryNode read(Descriptor source, ExcludeRules excludes, Staging staging)
            throws IOException, VeloException {
        List<PendingDirectory> directories;
        try (Workers pool = workers.get()) {
            TreeWalk walk = new TreeWalk(store.callerFiles(), excludes, hidden(), request.skipSpecial(), log);
            ThreadLocal<FileIntake> intakes = ThreadLocal.withInitial(() -> new FileIntake(store.files(), staging));
            directories = walk.walk(source, (directory, name, path, slot) -> {
                progress.fileFound();
                pool.submit(() -> {
                    if (pool.failed()) {
                        directory.release();
                    } else {
                        take(intakes.get(), directory, name, path, slot);
                    }
                });
            });
            pool.finish();
        }
        DirectoryNode root = null;
        for (PendingDirectory directory : directories) {
            root = directory.build();
        }
        return root;
    }

    private void take(
            FileIntake intake, SharedDirectory directory, FileName name, TreePath path, PendingDirectory.Slot slot)
            throws IOException {
        try {
            FileNode node = intake.take(directory.number(), name.toBytes());
            slot.fill(node);
            log.files.increment();
            log.bytes.add(node.size());
            progress.fileDone(node.size());
        } catch (SourceException e) {
            log.fault(path, e.fault());
        } finally {
            directory.release();
        }
    }

    /** The store and the manifest being replaced may lie inside the source; neither is part of it. */
    private Set<TreeWalk.Identity> hidden() throws IOException {
        Set<TreeWalk.Identity> hidden = new HashSet<>();
        FileStatus root = store.files().status(store.root());
        hidden.add(TreeWalk.Identity.of(root));
        byte[] output = ManifestFile.place(request.output()).toString().getBytes(StandardCharsets.UTF_8);
        try {
            store.callerFiles()
                    .statusIfPresent(FileOps.CWD, output)
                    .filter(FileStatus::isRegular)
                    .map(TreeWalk.Identity::of)
                    .ifPresent(hidden::add);
        } catch (IOException e) {
            // Writing the manifest will say what is wrong with its path.
            return hidden;
        }
        return hidden;
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

    private IngestResult result(Digest manifest, Staging.Committed committed) {
        return new IngestResult(
                manifest,
                log.files.sum(),
                log.directories.sum(),
                log.symlinks.sum(),
                log.bytes.sum(),
                committed.blobs(),
                committed.bytes(),
                log.skippedLines(),
                log.faultLines());
    }
}
