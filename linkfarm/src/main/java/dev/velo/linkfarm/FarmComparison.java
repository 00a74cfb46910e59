package dev.velo.linkfarm;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
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

    private record Blob(Digest digest, BlobStore.Form form) {}

    private final Store store;
    private final FileOps files;
    private final boolean deep;
    private final ContentCopy hasher;
    private final Map<Blob, Optional<FileStatus>> blobs = new HashMap<>();
    private final Map<Long, Digest> hashed = new HashMap<>();
    private final List<String> faults = new ArrayList<>();

    /** @param deep hash what is not a blob's inode, each inode once */
    FarmComparison(Store store, boolean deep) {
        this.store = store;
        this.files = store.files();
        this.deep = deep;
        this.hasher = new ContentCopy(files);
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
            if (status.permissions() != node.mode() || !status.modified().equals(node.modified())) {
                faults.add(path + ": mode or time of the directory has changed");
            }
            levels.push(opened(parent, name, path, node, status.permissions()));
        } catch (ErrnoException e) {
            faults.add(path + ": " + e.errno().text());
        }
    }

    /** Reading an attribute needs permission to read the directory, so this is for one that is open. */
    private void checkOpaque(Descriptor directory, String path, DirectoryNode node) throws IOException {
        boolean opaque = files.attribute(directory.number(), bytes("."), TreeWriter.OPAQUE)
                .filter(value -> Arrays.equals(value, bytes(TreeWriter.OPAQUE_VALUE)))
                .isPresent();
        if (opaque != node.opaque()) {
            faults.add(path + ": mark of an opaque directory " + (opaque ? "added" : "gone"));
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
            return fileFault(dir, name, status, file);
        }
        if (node instanceof SymlinkNode link) {
            boolean same = status.type() == FileType.SYMLINK
                    && Arrays.equals(files.readLink(dir, name), link.target())
                    && status.modified().equals(link.modified());
            return same ? null : "no longer the link that it was";
        }
        return status.isWhiteoutDevice() ? null : "no longer a whiteout";
    }

    private String fileFault(int dir, byte[] name, FileStatus status, FileNode file) throws IOException {
        BlobStore.Form form = BlobStore.Form.of(file.isExecutable());
        if (!status.isRegular()) {
            return "no longer a regular file";
        }
        if (status.permissions() != form.mode() || !status.modified().equals(StoreLayout.FIXED_TIME)) {
            return "mode or time has changed";
        }
        if (status.size() != file.size()) {
            return "its size has changed";
        }
        if (!deep || isBlob(status, new Blob(file.digest(), form))) {
            return null;
        }
        Digest known = hashed.get(status.inode());
        if (known == null) {
            try (Descriptor content = files.openRead(dir, name)) {
                known = hasher.hash(content.number()).digest();
            }
            hashed.put(status.inode(), known);
        }
        return known.equals(file.digest()) ? null : "its content has changed";
    }

    private boolean isBlob(FileStatus status, Blob blob) throws IOException {
        Optional<FileStatus> known = blobs.get(blob);
        if (known == null) {
            known = store.blobs().status(blob.digest(), blob.form());
            blobs.put(blob, known);
        }
        return known.isPresent()
                && known.get().inode() == status.inode()
                && known.get().device() == status.device();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
