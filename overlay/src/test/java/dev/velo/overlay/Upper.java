package dev.velo.overlay;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.StoreLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** An upper layer made by hand, as OverlayFS leaves one, and lower trees as values. */
final class Upper {
    /** Of everything in a lower tree. */
    static final Timestamp LOWER = new Timestamp(1_000_000_000, 1);
    /** Of everything that the run made. */
    static final Timestamp NOW = new Timestamp(1_700_000_000, 999_999_999);

    private final FileOps files = FileOps.system();
    private final Path root;
    private boolean exact;

    Upper(Path root) throws IOException {
        this.root = Files.createDirectories(root);
    }

    Path path(String name) {
        return root.resolve(name);
    }

    /** Makes the directories above where there are none. */
    private byte[] place(String name) throws IOException {
        Files.createDirectories(path(name).getParent());
        return bytes(path(name).toString());
    }

    Upper file(String name, String content, int mode, Timestamp time) throws IOException {
        byte[] place = place(name);
        Files.writeString(path(name), content);
        files.changeMode(FileOps.CWD, place, mode);
        files.setModified(FileOps.CWD, place, time);
        return this;
    }

    Upper file(String name, String content) throws IOException {
        return file(name, content, 0644, NOW);
    }

    /** Last, since what is made below changes its time. */
    Upper directory(String name, int mode, Timestamp time) throws IOException {
        byte[] place = place(name);
        Files.createDirectories(path(name));
        files.changeMode(FileOps.CWD, place, mode);
        files.setModified(FileOps.CWD, place, time);
        return this;
    }

    Upper link(String name, String target) throws IOException {
        byte[] place = place(name);
        files.symlink(bytes(target), FileOps.CWD, place);
        files.setModified(FileOps.CWD, place, NOW);
        return this;
    }

    Upper whiteout(String name) throws IOException {
        files.makeWhiteout(FileOps.CWD, place(name));
        return this;
    }

    Upper attribute(String name, String attribute, String value) throws IOException {
        Files.setAttribute(path(name), "user:" + attribute, bytes(value));
        return this;
    }

    Upper opaque(String name) throws IOException {
        Files.createDirectories(path(name));
        return attribute(name, "overlay.opaque", "y");
    }

    /** From here on the files below showed their manifest's own modes and times. */
    Upper exact() {
        exact = true;
        return this;
    }

    ChangeSet read(DirectoryNode lower, String... ignored) throws IOException {
        return read(files, lower, ignored);
    }

    ChangeSet read(FileOps operations, DirectoryNode lower, String... ignored) throws IOException {
        ContentCopy hasher = new ContentCopy(files);
        Set<TreePath> skip =
                Set.copyOf(List.of(ignored).stream().map(TreePath::parse).toList());
        Optional<Timestamp> shown = exact ? Optional.empty() : Optional.of(StoreLayout.FIXED_TIME);
        UpperLayer layer = new UpperLayer(
                operations,
                (content, status) -> hasher.hash(content.number()).digest(),
                skip,
                java.util.Map.of(),
                shown);
        try (Descriptor parent =
                files.openDirectoryFollowing(bytes(root.getParent().toString()))) {
            return layer.read(parent.number(), bytes(root.getFileName().toString()), lower);
        }
    }

    static FileNode node(String content, int mode, Timestamp time) {
        byte[] bytes = bytes(content);
        return new FileNode(mode, bytes.length, time, Digest.of(bytes));
    }

    static FileNode lower(String content, int mode) {
        return node(content, mode, LOWER);
    }

    static SymlinkNode lowerLink(String target) {
        return new SymlinkNode(LOWER, bytes(target));
    }

    static DirectoryNode.Child child(String name, TreeNode node) {
        return new DirectoryNode.Child(FileName.of(name), node);
    }

    static DirectoryNode tree(DirectoryNode.Child... children) {
        List<DirectoryNode.Child> sorted = new ArrayList<>(List.of(children));
        sorted.sort(null);
        return new DirectoryNode(0755, LOWER, false, sorted);
    }

    /** The node at a place, or null. */
    static TreeNode at(DirectoryNode tree, String path) {
        TreeNode node = tree;
        for (FileName name : TreePath.parse(path).components()) {
            node = node instanceof DirectoryNode directory
                    ? directory.child(name).orElse(null)
                    : null;
        }
        return node;
    }

    /** One line each: letter and path. */
    static List<String> lines(ChangeSet changes) {
        return changes.changes().stream()
                .map(change -> change.kind().letter() + " " + change.path())
                .toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
