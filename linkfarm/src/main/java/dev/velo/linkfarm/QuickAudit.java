package dev.velo.linkfarm;

import dev.velo.cas.FileName;
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
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * One farm beside its manifest and its {@link FarmIndex}, by what directories and statx(2) tell: names, inodes, types, modes, times, sizes. Opens
 * nothing but directories and changes nothing, so that a run on the farm sees nothing of it. Keeps one directory of each level, and a bounded
 * number of faults. Use once.
 */
final class QuickAudit {
    /** Who has more than these has a farm to build anew. */
    static final int FAULTS = 100;

    private record Level(Descriptor directory, String path, Iterator<DirectoryNode.Child> below) {}

    private final FileOps files;
    private final int store;
    private final FileAudit audit;
    private final LayerMarks marks;
    private final HeldTimes times;
    private final List<String> faults = new ArrayList<>();
    private FarmIndex index;
    private int next;

    QuickAudit(Store store, FileAudit audit, LayerMarks marks, HeldTimes times) {
        this.files = store.files();
        this.store = store.root();
        this.audit = audit;
        this.marks = marks;
        this.times = times;
    }

    /** What is wrong, each as "path: fault"; the first {@link #FAULTS}. */
    List<String> compare(String farm, DirectoryNode tree) throws IOException {
        Deque<Level> levels = new ArrayDeque<>();
        index = FarmIndex.read(files, store, farm).orElse(null);
        if (index == null || index.directories() != directories(tree)) {
            return List.of("index: missing, damaged, or of another tree");
        }
        try (Descriptor base = files.openDirectory(store, farm.getBytes(StandardCharsets.UTF_8))) {
            enter(levels, base.number(), FarmMarker.TREE.getBytes(StandardCharsets.US_ASCII), "/", tree);
            while (!levels.isEmpty() && faults.size() < FAULTS) {
                Level level = levels.peek();
                if (!level.below().hasNext()) {
                    levels.pop().directory().close();
                    continue;
                }
                DirectoryNode.Child child = level.below().next();
                enter(
                        levels,
                        level.directory().number(),
                        child.name().toBytes(),
                        level.path() + child.name(),
                        (DirectoryNode) child.node());
            }
        } finally {
            for (Level level : levels) {
                level.directory().close();
            }
        }
        return faults.size() > FAULTS ? faults.subList(0, FAULTS) : faults;
    }

    private void enter(Deque<Level> levels, int parent, byte[] name, String path, DirectoryNode node)
            throws IOException {
        int number = next++;
        Descriptor directory = null;
        try {
            FileStatus status = files.status(parent, name);
            if (!status.isDirectory()) {
                faults.add(path + ": no longer a directory");
            } else {
                if (status.permissions() != node.mode() || !times.same(status.modified(), node.modified())) {
                    faults.add(path + ": mode or time of the directory has changed");
                }
                directory = opened(parent, name);
            }
        } catch (ErrnoException e) {
            faults.add(path + ": " + (e.is(Errno.ENOENT) ? "missing" : e.errno().text()));
        }
        if (directory == null) {
            next += directories(node) - 1;
            return;
        }
        String prefix = path.endsWith("/") ? path : path + "/";
        try {
            List<DirectoryNode.Child> below = children(directory.number(), prefix, node, number);
            levels.push(new Level(directory, prefix, below.iterator()));
        } catch (IOException | RuntimeException e) {
            directory.close();
            throw e;
        }
    }

    /**
     * Null where the manifest's own mode closes it to its owner: to open it would take another mode for a while, which a run on the farm would
     * see.
     */
    private Descriptor opened(int parent, byte[] name) throws IOException {
        try {
            return files.openDirectory(parent, name);
        } catch (ErrnoException e) {
            if (e.is(Errno.EACCES)) {
                return null;
            }
            throw e;
        }
    }

    /** Checks everything in a directory but its directories, and gives those. */
    private List<DirectoryNode.Child> children(int dir, String prefix, DirectoryNode node, int number)
            throws IOException {
        Map<FileName, DirectoryEntry> present = new HashMap<>();
        List<DirectoryEntry> entries = files.list(dir);
        for (DirectoryEntry entry : entries) {
            present.put(FileName.of(entry.name()), entry);
        }
        int before = faults.size();
        boolean directoriesStand = true;
        List<DirectoryNode.Child> below = new ArrayList<>();
        for (DirectoryNode.Child child : node.children()) {
            if (child.node() instanceof WhiteoutNode && !marks.showsWhiteouts(node)) {
                continue;
            }
            DirectoryEntry entry = present.remove(child.name());
            if (child.node() instanceof DirectoryNode) {
                // What else there may be in its place is for whoever enters it to say, in the order of the index.
                below.add(child);
                directoriesStand &= entry != null && isDirectory(entry);
            } else if (entry == null) {
                faults.add(prefix + child.name() + ": missing");
            } else {
                check(dir, prefix, child);
            }
        }
        present.keySet().forEach(name -> faults.add(prefix + name + ": not in the manifest"));
        if (directoriesStand && faults.size() == before && index.sum(number) != FarmIndex.sum(entries)) {
            faults.add(prefix + ": another inode stands where one was placed");
        }
        return below;
    }

    private static boolean isDirectory(DirectoryEntry entry) {
        return entry.type() == FileType.DIRECTORY || entry.type() == FileType.UNKNOWN;
    }

    private void check(int dir, String prefix, DirectoryNode.Child child) throws IOException {
        String fault;
        try {
            fault = fault(dir, child.name().toBytes(), child.node());
        } catch (ErrnoException e) {
            fault = e.errno().text();
        }
        if (fault != null) {
            faults.add(prefix + child.name() + ": " + fault);
        }
    }

    private String fault(int dir, byte[] name, TreeNode node) throws IOException {
        FileStatus status = files.status(dir, name);
        if (node instanceof FileNode file) {
            return status.isRegular() ? audit.fault(status, file) : "no longer a regular file";
        }
        if (node instanceof SymlinkNode link) {
            boolean same = status.type() == FileType.SYMLINK
                    && Arrays.equals(files.readLink(dir, name), link.target())
                    && times.same(status.modified(), link.modified());
            return same ? null : "no longer the link that it was";
        }
        return marks.resemblesWhiteout(status) ? null : "no longer a whiteout";
    }

    /** In this tree, itself included. */
    private static int directories(DirectoryNode tree) {
        Deque<DirectoryNode> rest = new ArrayDeque<>(List.of(tree));
        int count = 0;
        while (!rest.isEmpty()) {
            count++;
            for (DirectoryNode.Child child : rest.pop().children()) {
                if (child.node() instanceof DirectoryNode directory) {
                    rest.push(directory);
                }
            }
        }
        return count;
    }
}
