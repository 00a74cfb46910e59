package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.LayerMerge;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestBuilder;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.cas.store.StoreLayout;
import dev.velo.overlay.Change;
import dev.velo.overlay.ChangeSet;
import dev.velo.overlay.ContentSink;
import dev.velo.overlay.UpperLayer;
import dev.velo.shim.SessionDigests;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Reads what a run left in its upper layer, or in its session: a list of changes, and the result as a new manifest. */
public final class Finish {
    private final Store store;
    private final Caller caller;

    public Finish(Store store, Caller caller) {
        this.store = store;
        this.caller = caller;
    }

    public void run(FinishRequest request) throws VeloException {
        DirectoryNode lower = LayerMerge.merge(layers(request));
        try (Lease lease = store.leases().take(Lease.Kind.INGEST, List.of())) {
            Staging staging = new Staging(store, store.blobs(), lease);
            long most = Files.getFileStore(store.path()).getTotalSpace();
            ChangeSet changes = request.overlay().isPresent()
                    ? ofOverlay(
                            request.run(),
                            request.overlay().get(),
                            new BoundedSink(sink(request, staging), most),
                            lower)
                    : ofSession(request, staging, most, lower);
            if (!changes.refused().isEmpty()) {
                throw new VeloException(
                        "cannot capture the changes of the run: "
                                + String.join(
                                        ", ",
                                        changes.refused()
                                                .subList(
                                                        0,
                                                        Math.min(
                                                                10,
                                                                changes.refused()
                                                                        .size()))),
                        "remove such files before the program ends");
            }
            if (request.changes().isPresent()) {
                list(changes.changes(), request.changes().get());
            }
            if (request.output().isPresent()) {
                staging.commit();
                byte[] bytes = ManifestBuilder.encode(LayerMerge.apply(lower, changes.tree()));
                UserPath output = request.output().get();
                store.roots()
                        .publish(
                                ManifestFile.place(output),
                                Digest.of(bytes),
                                bytes,
                                () -> ManifestFile.write(bytes, output, store.callerFiles()));
            }
        } catch (BoundedSink.TooLargeException e) {
            throw new VeloException(
                    "cannot capture the changes of the run: the files that the program left have, holes included, more"
                            + " bytes than the store's file system can hold",
                    "remove such files before the program ends",
                    e);
        } catch (IOException e) {
            throw StoreException.of("cannot capture the changes of the run in store " + store.path(), e);
        }
    }

    private ContentSink sink(FinishRequest request, Staging staging) {
        return request.output().isPresent()
                ? new StoredContents(store.files(), staging)
                : new HashedContents(store.files());
    }

    private ChangeSet ofSession(FinishRequest request, Staging staging, long most, DirectoryNode lower)
            throws IOException {
        Path session = store.path().resolve(Lease.placeOf(request.run()));
        SessionFiles files = new SessionFiles(
                store,
                request.run(),
                SessionDigests.read(session),
                request.output().isPresent() ? Optional.of(staging) : Optional.empty(),
                most);
        return new SessionLayer(session, files).read(lower);
    }

    private ChangeSet ofOverlay(String run, FinishRequest.Overlay overlay, ContentSink sink, DirectoryNode lower)
            throws IOException {
        String upper = overlay.upper().orElse(Lease.placeOf(run) + "/upper");
        Optional<Timestamp> shown = overlay.exact() ? Optional.empty() : Optional.of(StoreLayout.FIXED_TIME);
        Set<TreePath> points = new HashSet<>();
        Map<TreePath, byte[]> links = new HashMap<>();
        readSkeleton(overlay.skeleton(), points, links);
        return new UpperLayer(store.files(), sink, points, links, shown)
                .read(store.root(), upper.getBytes(StandardCharsets.UTF_8), lower);
    }

    private List<DirectoryNode> layers(FinishRequest request) throws VeloException {
        List<DirectoryNode> layers = new ArrayList<>();
        try {
            for (Digest digest : request.layers()) {
                byte[] copy = store.roots()
                        .copyOf(digest)
                        .orElseThrow(() -> new VeloException(
                                "cannot capture the changes of the run: the store's copy of manifest " + digest
                                        + " is gone",
                                "run velo verify"));
                layers.add(Manifest.fromBytes(copy, digest.toHex()).tree());
            }
            return layers;
        } catch (IOException e) {
            throw StoreException.of("cannot read store " + store.path(), e);
        }
    }

    private void list(List<Change> changes, String where) throws VeloException {
        StringBuilder text = new StringBuilder();
        for (Change change : changes) {
            text.append(change.kind().letter())
                    .append(' ')
                    .append(change.path())
                    .append('\n');
        }
        if (where.equals("-")) {
            caller.streams().err().print(text);
            caller.streams().err().flush();
            return;
        }
        UserPath file = caller.path(where);
        try {
            Files.writeString(file.path(), text);
        } catch (IOException e) {
            throw new VeloException(
                    "cannot write " + where + ": " + file.told(e), "name a file in a directory where you may write", e);
        }
    }

    /** Its leaves are mount points, which a program cannot replace, and links of Velo's, which it can. */
    private void readSkeleton(String skeleton, Set<TreePath> points, Map<TreePath, byte[]> links) throws IOException {
        try (Descriptor root = store.files().openDirectory(store.root(), skeleton.getBytes(StandardCharsets.UTF_8))) {
            collect(root, TreePath.ROOT, points, links);
        }
    }

    private void collect(Descriptor directory, TreePath path, Set<TreePath> points, Map<TreePath, byte[]> links)
            throws IOException {
        FileOps files = store.files();
        List<DirectoryEntry> entries = files.list(directory.number());
        if (entries.isEmpty() && !path.isRoot()) {
            points.add(path);
        }
        for (DirectoryEntry entry : entries) {
            TreePath child = path.child(FileName.of(entry.name()));
            FileType type = files.status(directory.number(), entry.name()).type();
            if (type == FileType.SYMLINK) {
                links.put(child, files.readLink(directory.number(), entry.name()));
            } else if (type != FileType.DIRECTORY) {
                points.add(child);
            } else {
                try (Descriptor below = files.openDirectory(directory.number(), entry.name())) {
                    collect(below, child, points, links);
                }
            }
        }
    }
}
