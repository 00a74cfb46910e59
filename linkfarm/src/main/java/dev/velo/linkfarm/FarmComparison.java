package dev.velo.linkfarm;

import dev.velo.cas.FileName;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
 * One farm beside its manifest. Walks as the farm was written, one name below an open directory at a time: paths may be longer than
 * the kernel takes at once, and a link put in a directory's place must not lead the walk away. Use once.
 */
final class FarmComparison {
    /**
     * An open directory.
     *
     * @param path ends with a slash
     * @param below those of its children that are directories and still to be looked at
     * @param closed the mode to give back to it at the end, null where it was open to its owner
     */
    private record Level(Descriptor directory, String path, Iterator<DirectoryNode.Child> below, Integer closed) {}

    private static final String OVERLAY = "user.overlay.";

    private final Store store;
    private final FileOps files;
    private final FileAudit audit;
    private final LayerMarks marks;
    private final HeldTimes times;
    private final List<String> faults = new ArrayList<>();

    FarmComparison(Store store, FileAudit audit, LayerMarks marks, HeldTimes times) {
        this.store = store;
        this.files = store.files();
        this.audit = audit;
        this.marks = marks;
        this.times = times;
    }

    /** What is wrong, each as "path: fault". */
    List<String> compare(byte[] farm, DirectoryNode tree) throws IOException {
        Deque<Level> levels = new ArrayDeque<>();
        try (Descriptor base = files.openDirectory(store.root(), farm)) {
            enter(levels, base.number(), bytes(FarmMarker.TREE), "/", tree);
            while (!levels.isEmpty()) {
                Level level = levels.peek();
                if (!level.below().hasNext()) {
                    leave(levels.pop());
                    continue;
                }
                DirectoryNode.Child child = level.below().next();
                String path = level.path() + child.name();
                enter(levels, level.directory().number(), child.name().toBytes(), path, (DirectoryNode) child.node());
            }
        } finally {
            for (Level level : levels) {
                leave(level);
            }
        }
        return faults;
    }

    private void enter(Deque<Level> levels, int parent, byte[] name, String path, DirectoryNode node)
            throws IOException {
        try {
            FileStatus status = files.status(parent, name);
            if (!status.isDirectory()) {
                faults.add(path + ": no longer a directory");
                return;
            }
            if (status.permissions() != node.mode() || !times.same(status.modified(), node.modified())) {
                faults.add(path + ": mode or time of the directory has changed");
            }
            levels.push(opened(parent, name, path, node, status.permissions()));
        } catch (ErrnoException e) {
            faults.add(path + ": " + e.errno().text());
        }
    }

    /** Reading an attribute needs permission to read the directory, so this is for one that is open. */
    private void checkOpaque(Descriptor directory, String path, DirectoryNode node) throws IOException {
        Optional<String> mark = files.attribute(directory.number(), bytes("."), marks.attribute())
                .map(value -> new String(value, StandardCharsets.ISO_8859_1));
        Optional<String> wanted = marks.value(node, path.equals("/"));
        if (!mark.equals(wanted)) {
            faults.add(path + ": mark of an opaque directory "
                    + (wanted.isEmpty() ? "added" : mark.isEmpty() ? "gone" : "changed"));
        }
        String stray = stray(directory.number(), bytes("."), Set.of(marks.attribute()));
        if (stray != null) {
            faults.add(path + ": " + stray);
        }
    }

    /** The manifest's own mode may close a directory to its owner: then it is open as long as the walk is below it. */
    private Level opened(int parent, byte[] name, String path, DirectoryNode node, int mode) throws IOException {
        boolean closed = (mode & 0500) != 0500 && files.effectiveUid() != 0;
        if (closed) {
            files.changeMode(parent, name, mode | 0500);
        }
        Descriptor directory = files.openDirectory(parent, name);
        try {
            checkOpaque(directory, path, node);
            String prefix = path.endsWith("/") ? path : path + "/";
            List<DirectoryNode.Child> below = children(directory.number(), prefix, node);
            return new Level(directory, prefix, below.iterator(), closed ? mode : null);
        } catch (IOException | RuntimeException e) {
            leave(new Level(directory, path, null, closed ? mode : null));
            throw e;
        }
    }

    private void leave(Level level) throws IOException {
        try (Descriptor directory = level.directory()) {
            if (level.closed() != null) {
                files.changeMode(directory.number(), level.closed());
            }
        }
    }

    /** Checks everything in a directory but its directories, and gives those. */
    private List<DirectoryNode.Child> children(int dir, String prefix, DirectoryNode node) throws IOException {
        Set<FileName> present = new HashSet<>();
        for (DirectoryEntry entry : files.list(dir)) {
            present.add(FileName.of(entry.name()));
        }
        List<DirectoryNode.Child> below = new ArrayList<>();
        for (DirectoryNode.Child child : node.children()) {
            if (child.node() instanceof WhiteoutNode && !marks.showsWhiteouts(node)) {
                continue;
            }
            if (!present.remove(child.name())) {
                faults.add(prefix + child.name() + ": missing");
            } else if (child.node() instanceof DirectoryNode) {
                below.add(child);
            } else {
                String fault = fault(dir, child.name().toBytes(), child.node());
                if (fault != null) {
                    faults.add(prefix + child.name() + ": " + fault);
                }
            }
        }
        present.forEach(name -> faults.add(prefix + name + ": not in the manifest"));
        return below;
    }

    private String fault(int dir, byte[] name, TreeNode node) throws IOException {
        FileStatus status = files.status(dir, name);
        if (node instanceof FileNode file) {
            String fault = status.isRegular() ? audit.fault(dir, name, status, file) : "no longer a regular file";
            return fault == null ? stray(dir, name, audit.attributes(file)) : fault;
        }
        if (node instanceof SymlinkNode link) {
            boolean same = status.type() == FileType.SYMLINK
                    && Arrays.equals(files.readLink(dir, name), link.target())
                    && times.same(status.modified(), link.modified());
            return same ? null : "no longer the link that it was";
        }
        return marks.isWhiteout(dir, name, status) ? null : "no longer a whiteout";
    }

    /** Other attributes of OverlayFS would send it elsewhere, or make it hide the file. */
    private String stray(int dir, byte[] name, Set<String> wanted) throws IOException {
        for (String attribute : files.attributeNames(dir, name)) {
            if (attribute.startsWith(OVERLAY) && !wanted.contains(attribute)) {
                return "attribute " + attribute + " added";
            }
        }
        return null;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
