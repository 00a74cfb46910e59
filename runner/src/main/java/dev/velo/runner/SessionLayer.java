package dev.velo.runner;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.overlay.Change;
import dev.velo.overlay.ChangeSet;
import dev.velo.overlay.Comparison;
import dev.velo.shim.SessionChanges;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** What a session has left, in the terms of an upper layer: so a run without a sandbox has the result that one with a sandbox has. Use once. */
final class SessionLayer {
    /** A path of the layer that is being made; a directory as far as its attributes go. */
    private static final class Place {
        private TreeNode node;
        private final Map<FileName, Place> children = new TreeMap<>();

        Place(TreeNode node) {
            this.node = node;
        }

        TreeNode layer() {
            if (!(node instanceof DirectoryNode directory)) {
                return node;
            }
            List<DirectoryNode.Child> list = new ArrayList<>();
            children.forEach((name, place) -> list.add(new DirectoryNode.Child(name, place.layer())));
            return new DirectoryNode(directory.mode(), directory.modified(), false, list);
        }
    }

    private final Path directory;
    private final SessionFiles files;
    private final List<Change> changes = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();

    SessionLayer(Path directory, SessionFiles files) {
        this.directory = directory;
        this.files = files;
    }

    ChangeSet read(DirectoryNode lower) throws IOException {
        Map<TreePath, SessionChanges.State> states = new LinkedHashMap<>();
        SessionChanges.read(directory, states::put);
        Place root = new Place(lower);
        try {
            for (Map.Entry<TreePath, SessionChanges.State> each : states.entrySet()) {
                take(each.getKey(), each.getValue(), root, lower);
            }
        } catch (IllegalArgumentException e) {
            throw new IOException("the list of what the session changed is damaged: " + e.getMessage(), e);
        }
        changes.sort(null);
        return new ChangeSet((DirectoryNode) root.layer(), List.copyOf(changes), List.copyOf(refused));
    }

    private void take(TreePath path, SessionChanges.State state, Place root, DirectoryNode lower) throws IOException {
        if (state instanceof SessionChanges.State.Unnameable) {
            refused.add(path + ": an entry in it whose path is longer or deeper than a manifest takes");
            return;
        }
        if (path.isRoot()) {
            root(state, root, lower);
            return;
        }
        Optional<TreeNode> now = now(path, state);
        if (now.isEmpty()) {
            return;
        }
        Place place = root;
        Optional<TreeNode> below = Optional.of(lower);
        for (FileName name : path.components()) {
            below = below.flatMap(node -> node instanceof DirectoryNode parent ? parent.child(name) : Optional.empty());
            // A directory on the way is one of the lower tree's, or stands before what is in it.
            TreeNode onTheWay = below.orElse(now.get());
            place = place.children.computeIfAbsent(name, key -> new Place(onTheWay));
        }
        place.node = now.get();
        note(path, now.get(), below);
    }

    /** Its time changes with every new entry: that alone is no news. */
    private void root(SessionChanges.State state, Place root, DirectoryNode lower) throws IOException {
        Optional<TreeNode> now = now(TreePath.ROOT, state);
        if (now.isPresent() && now.get() instanceof DirectoryNode directoryNow) {
            root.node = directoryNow;
            if (directoryNow.mode() != lower.mode()) {
                changes.add(new Change(Change.Kind.METADATA, TreePath.ROOT));
            }
        }
    }

    private void note(TreePath path, TreeNode now, Optional<TreeNode> below) {
        if (!(now instanceof WhiteoutNode)) {
            Comparison.of(path, now, below).ifPresent(changes::add);
        } else if (below.isPresent()) {
            changes.add(new Change(Change.Kind.REMOVED, path));
        }
    }

    /** Empty for what no manifest can hold. */
    private Optional<TreeNode> now(TreePath path, SessionChanges.State state) throws IOException {
        if (state instanceof SessionChanges.State.Node known) {
            return Optional.of(known.node());
        }
        if (state instanceof SessionChanges.State.Real real) {
            return file(path, real.node());
        }
        return Optional.of(new WhiteoutNode());
    }

    private Optional<TreeNode> file(TreePath path, int node) throws IOException {
        try {
            return Optional.of(files.take(node));
        } catch (SessionFiles.NotRegularException e) {
            refused.add(path + ": a " + e.type().words());
            return Optional.empty();
        }
    }
}
