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
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
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
    private static final List<String> REDIRECTING = List.of("user.overlay.metacopy", "user.overlay.redirect");

    /** A directory on the way down; {@code lower} is what the layers below show there, or null. */
    private record Level(
            FileName name,
            TreePath path,
            Descriptor directory,
            FileStatus status,
            boolean opaque,
            DirectoryNode lower,
            Iterator<DirectoryEntry> rest,
            List<DirectoryNode.Child> children) {}

    private final FileOps files;
    private final ContentSink sink;
    private final Set<TreePath> ignored;
    private final Timestamp farmTime;
    private final List<Change> changes = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();

    /**
     * @param ignored mount points of the run, which are no changes
     * @param farmTime the time that every file of a farm shows
     */
    public UpperLayer(FileOps files, ContentSink sink, Set<TreePath> ignored, Timestamp farmTime) {
        this.files = files;
        this.sink = sink;
        this.ignored = Set.copyOf(ignored);
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
        levels.push(level(dir, name, null, TreePath.ROOT, lower));
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
                        levels.peek().children().add(new DirectoryNode.Child(level.name(), root));
                    }
                }
            }
        } finally {
            for (Level level : levels) {
                level.directory().close();
            }
        }
        changes.sort(null);
        return new ChangeSet(root, List.copyOf(changes), List.copyOf(refused));
    }

    private Level level(int dir, byte[] name, FileName shown, TreePath path, TreeNode lower) throws IOException {
        FileStatus status = files.status(dir, name);
        if ((status.permissions() & 0700) != 0700) {
            // It is ours and will be deleted; what is recorded is the mode it had.
            files.changeMode(dir, name, 0700);
        }
        boolean opaque = files.attribute(dir, name, OPAQUE)
                .filter(value -> value.length == 1 && value[0] == 'y')
                .isPresent();
        Descriptor directory = files.openDirectory(dir, name);
        DirectoryNode below = lower instanceof DirectoryNode node ? node : null;
        Iterator<DirectoryEntry> entries = files.list(directory.number()).iterator();
        return new Level(shown, path, directory, status, opaque, below, entries, new ArrayList<>());
    }

    private DirectoryNode node(Level level) {
        if (level.opaque() && level.lower() != null) {
            Set<FileName> kept = new HashSet<>();
            level.children().forEach(child -> kept.add(child.name()));
            for (DirectoryNode.Child child : level.lower().children()) {
                if (!kept.contains(child.name())) {
                    changes.add(new Change(Change.Kind.REMOVED, level.path().child(child.name())));
                }
            }
        }
        level.children().sort(null);
        return new DirectoryNode(
                level.status().permissions(), level.status().modified(), level.opaque(), level.children());
    }

    private void visit(Level level, DirectoryEntry entry, Deque<Level> levels) throws IOException {
        FileName name = FileName.of(entry.name());
        TreePath path = level.path().child(name);
        if (ignored.contains(path)) {
            return;
        }
        int dir = level.directory().number();
        FileStatus status = files.status(dir, entry.name());
        Optional<TreeNode> below =
                level.lower() == null ? Optional.empty() : level.lower().child(name);
        Optional<TreeNode> visible = level.opaque() ? Optional.empty() : below;
        if (isWhiteout(dir, entry.name(), status)) {
            below.ifPresent(node -> changes.add(new Change(Change.Kind.REMOVED, path)));
            level.children().add(new DirectoryNode.Child(name, new WhiteoutNode()));
        } else if (status.isDirectory()) {
            Level next = level(dir, entry.name(), name, path, below.orElse(null));
            directoryChange(path, status, below);
            levels.push(next);
        } else if (status.isRegular()) {
            file(level, name, path, status, visible, below);
        } else if (status.type() == FileType.SYMLINK) {
            SymlinkNode link = new SymlinkNode(status.modified(), files.readLink(dir, entry.name()));
            record(path, link, below);
            level.children().add(new DirectoryNode.Child(name, link));
        } else {
            refused.add(path + ": a " + status.type().words());
        }
    }

    private boolean isWhiteout(int dir, byte[] name, FileStatus status) throws IOException {
        return status.isWhiteoutDevice()
                || (status.isRegular()
                        && status.size() == 0
                        && files.attribute(dir, name, WHITEOUT).isPresent());
    }

    private void directoryChange(TreePath path, FileStatus status, Optional<TreeNode> below) {
        if (below.isEmpty()) {
            changes.add(new Change(Change.Kind.ADDED, path));
        } else if (!(below.get() instanceof DirectoryNode directory)) {
            changes.add(new Change(Change.Kind.TYPE_CHANGED, path));
        } else if (directory.mode() != status.permissions()
                || !directory.modified().equals(status.modified())) {
            changes.add(new Change(Change.Kind.METADATA, path));
        }
    }

    private void file(
            Level level,
            FileName name,
            TreePath path,
            FileStatus status,
            Optional<TreeNode> visible,
            Optional<TreeNode> below)
            throws IOException {
        int dir = level.directory().number();
        for (String attribute : REDIRECTING) {
            if (files.attribute(dir, name.toBytes(), attribute).isPresent()) {
                refused.add(path + ": a file that claims to have its content elsewhere (" + attribute + ")");
                return;
            }
        }
        Digest digest;
        try (Descriptor content = openable(dir, name.toBytes(), status)) {
            digest = sink.store(content, status);
        }
        FileNode node = restored(status, digest, visible);
        record(path, node, below);
        level.children().add(new DirectoryNode.Child(name, node));
    }

    private Descriptor openable(int dir, byte[] name, FileStatus status) throws IOException {
        try {
            return files.openRead(dir, name);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EACCES)) {
                throw e;
            }
            files.changeMode(dir, name, status.permissions() | 0400);
            return files.openRead(dir, name);
        }
    }

    /** A file that was copied up without being changed in mode or time shows what its farm shows: then the manifest's own values hold. */
    private FileNode restored(FileStatus status, Digest digest, Optional<TreeNode> visible) {
        int mode = status.permissions();
        Timestamp modified = status.modified();
        if (visible.orElse(null) instanceof FileNode lower) {
            if (mode == (lower.isExecutable() ? 0555 : 0444)) {
                mode = lower.mode();
            }
            if (modified.equals(farmTime)) {
                modified = lower.modified();
            }
        }
        return new FileNode(mode, status.size(), modified, digest);
    }

    private void record(TreePath path, TreeNode now, Optional<TreeNode> below) {
        if (below.isEmpty()) {
            changes.add(new Change(Change.Kind.ADDED, path));
        } else if (below.get().getClass() != now.getClass()) {
            changes.add(new Change(Change.Kind.TYPE_CHANGED, path));
        } else if (!below.get().equals(now)) {
            changes.add(new Change(sameContent(below.get(), now) ? Change.Kind.METADATA : Change.Kind.MODIFIED, path));
        }
    }

    private static boolean sameContent(TreeNode a, TreeNode b) {
        if (a instanceof FileNode one && b instanceof FileNode two) {
            return one.digest().equals(two.digest());
        }
        return a instanceof SymlinkNode one
                && b instanceof SymlinkNode two
                && Arrays.equals(one.target(), two.target());
    }
}
