package dev.velo.cas.manifest;

import dev.velo.cas.TreePath;
import dev.velo.cas.posix.ErrnoException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** A tree as paths and as lines for people to read: what the golden files say of themselves. */
final class TreeText {
    private TreeText() {}

    /** Every node by its path, the root included. */
    static TreeMap<TreePath, TreeNode> flat(DirectoryNode root) {
        TreeMap<TreePath, TreeNode> nodes = new TreeMap<>();
        List<TreePath> order = new ArrayList<>(List.of(TreePath.ROOT));
        nodes.put(TreePath.ROOT, root);
        for (int i = 0; i < order.size(); i++) {
            TreePath path = order.get(i);
            if (nodes.get(path) instanceof DirectoryNode directory) {
                for (DirectoryNode.Child child : directory.children()) {
                    nodes.put(path.child(child.name()), child.node());
                    order.add(path.child(child.name()));
                }
            }
        }
        return nodes;
    }

    static String of(DirectoryNode root) {
        StringBuilder text = new StringBuilder();
        flat(root).forEach((path, node) -> text.append(line(path, node)).append('\n'));
        return text.toString();
    }

    static String line(TreePath path, TreeNode node) {
        if (node instanceof DirectoryNode directory) {
            return "directory " + common(node) + (directory.opaque() ? " opaque " : " ") + path;
        }
        if (node instanceof FileNode file) {
            return "file " + common(node) + " " + file.size() + " bytes " + file.digest() + " " + path;
        }
        if (node instanceof SymlinkNode link) {
            return "symlink " + common(node) + " " + path + " -> " + ErrnoException.printable(link.target());
        }
        return "whiteout " + path;
    }

    private static String common(TreeNode node) {
        return String.format(
                "%04o %d s %09d ns",
                NodeFields.mode(node),
                NodeFields.modified(node).seconds(),
                NodeFields.modified(node).nanos());
    }
}
