package dev.velo.overlay;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Reads the upper layer of a run that has ended (Documentation/filesystems/overlayfs.rst): whiteouts are character devices 0:0 or carry an
 * attribute, opaque directories carry one. The layer was written by untrusted code: no link is followed, and attributes that would make the
 * kernel look elsewhere are refused, never interpreted. Its cost grows with the changes, not with the tree below. Use once.
 */
public final class UpperLayer {
    private static final String OPAQUE = "user.overlay.opaque";
    private static final String WHITEOUT = "user.overlay.whiteout";
    private static final byte[] SELF = {'.'};
    private static final List<String> REDIRECTING = List.of("user.overlay.metacopy", "user.overlay.redirect");

    /**
     * Where a directory is.
     *
     * @param lower what the layers below have there, or null
     * @param hidden the layers below show nothing there, because a directory above is opaque
     */
    private record Place(FileName name, TreePath path, DirectoryNode lower, boolean hidden) {}

    /** A directory on the way down. */
    private record Level(
            Place place,
            Descriptor directory,
            FileStatus status,
            boolean opaque,
            Iterator<DirectoryEntry> rest,
            List<DirectoryNode.Child> children) {
        /** Opaqueness covers all that is below, but only the topmost directory carries the mark. */
        boolean hides() {
            return opaque || place.hidden();
        }

        Optional<TreeNode> below(FileName name) {
            return place.lower() == null ? Optional.empty() : place.lower().child(name);
        }
    }

    private final FileOps files;
    private final ContentSink sink;
    private final Set<TreePath> ignored;
    private final Map<TreePath, byte[]> links;
    private final Optional<Timestamp> farmTime;
    private final List<Change> changes = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();

    /**
     * @param ignored mount points of the run, which are no changes
     * @param links links that the run was given, with their targets: no changes as long as they are what they were
     * @param farmTime the one time that every file below showed, with mode 0444 or 0555; empty where each showed its own mode and time
     */
    public UpperLayer(
            FileOps files,
            ContentSink sink,
            Set<TreePath> ignored,
            Map<TreePath, byte[]> links,
            Optional<Timestamp> farmTime) {
        this.files = files;
        this.sink = sink;
        this.ignored = Set.copyOf(ignored);
        this.links = Map.copyOf(links);
        this.farmTime = farmTime;
    }

    /**
     * Reads all of it.
     *
     * @param dir where the upper layer's directory is
     * @param lower the merged tree below
     */
    public ChangeSet read(int dir, byte[] name, DirectoryNode lower) throws IOException {
        Deque<Level> levels = new ArrayDeque<>();
        DirectoryNode root = null;
        levels.push(level(dir, name, files.status(dir, name), new Place(null, TreePath.ROOT, lower, false)));
        try {
            while (!levels.isEmpty()) {
                Level level = levels.peek();
                if (level.rest().hasNext()) {
                    visit(level, level.rest().next(), levels);
                } else {
                    levels.pop();
                    level.directory().close();
                    root = node(level);
                    if (!levels.isEmpty()) {
                        levels.peek()
                                .children()
                                .add(new DirectoryNode.Child(level.place().name(), root));
                    }
                }
            }
        } finally {
            for (Level level : levels) {
                level.directory().close();
            }
        }
        if (root.mode() != lower.mode()) {
            // Its time changes with every new entry: that alone is no news.
            changes.add(new Change(Change.Kind.METADATA, TreePath.ROOT));
        }
        changes.sort(null);
        return new ChangeSet(root, List.copyOf(changes), List.copyOf(refused));
    }

    private Level level(int dir, byte[] name, FileStatus status, Place place) throws IOException {
        if ((status.permissions() & 0700) != 0700) {
            // It is ours and will be deleted; what is recorded is the mode it had.
            files.changeMode(dir, name, 0700);
        }
        Descriptor directory = files.openDirectory(dir, name);
        boolean opaque = files.attribute(directory.number(), SELF, OPAQUE)
                .filter(value -> value.length == 1 && value[0] == 'y')
                .isPresent();
        Iterator<DirectoryEntry> entries = files.list(directory.number()).iterator();
        return new Level(place, directory, status, opaque, entries, new ArrayList<>());
    }

    private DirectoryNode node(Level level) {
        DirectoryNode lower = level.place().lower();
        if (level.hides() && lower != null) {
            Set<FileName> kept = new HashSet<>();
            level.children().forEach(child -> kept.add(child.name()));
            for (DirectoryNode.Child child : lower.children()) {
                if (!kept.contains(child.name())) {
                    changes.add(
                            new Change(Change.Kind.REMOVED, level.place().path().child(child.name())));
                }
            }
        }
        level.children().sort(null);
        return new DirectoryNode(
                level.status().permissions(), level.status().modified(), level.opaque(), level.children());
    }

    private void visit(Level level, DirectoryEntry entry, Deque<Level> levels) throws IOException {
        FileName name = FileName.of(entry.name());
        TreePath above = level.place().path();
        if (above.length() + 1 + name.length() > TreePath.MAX_LENGTH) {
            refused.add(above + ": an entry in it whose path is longer than " + TreePath.MAX_LENGTH + " bytes");
            return;
        }
        TreePath path = above.child(name);
        if (ignored.contains(path)) {
            return;
        }
        int dir = level.directory().number();
        FileStatus status = files.status(dir, entry.name());
        Optional<TreeNode> below = level.below(name);
        if (status.isWhiteoutDevice()) {
            whiteout(level, name, path, below);
        } else if (status.isDirectory()) {
            DirectoryNode lower = below.orElse(null) instanceof DirectoryNode node ? node : null;
            Level next = level(dir, entry.name(), status, new Place(name, path, lower, level.hides()));
            levels.push(next);
            if (!redirected(next.directory().number(), SELF, path)) {
                record(path, new DirectoryNode(status.permissions(), status.modified(), false, List.of()), below);
            }
        } else if (status.isRegular()) {
            regular(level, name, path, status, below);
        } else if (status.type() == FileType.SYMLINK) {
            SymlinkNode link = new SymlinkNode(status.modified(), files.readLink(dir, entry.name()));
            if (Arrays.equals(link.target(), links.get(path))) {
                return;
            }
            record(path, link, below);
            level.children().add(new DirectoryNode.Child(name, link));
        } else {
            refused.add(path + ": a " + status.type().words());
        }
    }

    private void whiteout(Level level, FileName name, TreePath path, Optional<TreeNode> below) {
        below.ifPresent(node -> changes.add(new Change(Change.Kind.REMOVED, path)));
        level.children().add(new DirectoryNode.Child(name, new WhiteoutNode()));
    }

    private boolean redirected(int dir, byte[] name, TreePath path) throws IOException {
        for (String attribute : REDIRECTING) {
            if (files.attribute(dir, name, attribute).isPresent()) {
                refused.add(path + ": it claims to have its content elsewhere (" + attribute + ")");
                return true;
            }
        }
        return false;
    }

    /** A file that its owner may not read shows neither content nor attributes; it has its mode back afterwards, for it may have other names. */
    private void regular(Level level, FileName name, TreePath path, FileStatus status, Optional<TreeNode> below)
            throws IOException {
        int dir = level.directory().number();
        byte[] bytes = name.toBytes();
        boolean closed = (status.permissions() & 0400) == 0;
        if (closed) {
            files.changeMode(dir, bytes, status.permissions() | 0400);
        }
        try {
            if (status.size() == 0 && files.attribute(dir, bytes, WHITEOUT).isPresent()) {
                whiteout(level, name, path, below);
            } else if (!redirected(dir, bytes, path)) {
                file(level, name, path, status, below);
            }
        } finally {
            if (closed) {
                files.changeMode(dir, bytes, status.permissions());
            }
        }
    }

    private void file(Level level, FileName name, TreePath path, FileStatus status, Optional<TreeNode> below)
            throws IOException {
        Digest digest;
        try (Descriptor content = files.openRead(level.directory().number(), name.toBytes())) {
            digest = sink.store(content, status);
        }
        FileNode node = restored(status, digest, level.hides() ? Optional.empty() : below);
        record(path, node, below);
        level.children().add(new DirectoryNode.Child(name, node));
    }

    /**
     * What the payload saw was the farm's mode and time, not the manifest's. Where it left a file with the mode it saw (sed -i and its like
     * copy that too), the manifest's own mode holds on. The time belongs to the content: it holds on only while the content does. The
     * kernel cannot tell a copied-up file from a new one here: it marks the origin only of lower files with one link.
     */
    private FileNode restored(FileStatus status, Digest digest, Optional<TreeNode> visible) {
        int mode = status.permissions();
        Timestamp modified = status.modified();
        if (visible.orElse(null) instanceof FileNode lower) {
            if (mode == shownMode(lower)) {
                // Set-id bits belong to the content, as the kernel sees it too: writing takes them away.
                mode = digest.equals(lower.digest()) ? lower.mode() : lower.mode() & 0777;
            }
            if (farmTime.equals(Optional.of(modified)) && digest.equals(lower.digest())) {
                modified = lower.modified();
            }
        }
        return new FileNode(mode, status.size(), modified, digest);
    }

    private int shownMode(FileNode lower) {
        if (farmTime.isEmpty()) {
            // No farm has the bits of a set-user-id program.
            return lower.mode() & 0777;
        }
        return lower.isExecutable() ? 0555 : 0444;
    }

    private void record(TreePath path, TreeNode now, Optional<TreeNode> below) {
        Comparison.of(path, now, below).ifPresent(changes::add);
    }
}
