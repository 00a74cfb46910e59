package dev.velo.overlay;

import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import java.util.Arrays;
import java.util.Optional;

/** How what is at a path now differs from what the layers below have there. */
public final class Comparison {
    private Comparison() {}

    /** Empty where it does not. Of directories without their children. */
    public static Optional<Change> of(TreePath path, TreeNode now, Optional<TreeNode> below) {
        return kind(now, below).map(kind -> new Change(kind, path));
    }

    private static Optional<Change.Kind> kind(TreeNode now, Optional<TreeNode> below) {
        if (below.isEmpty()) {
            return Optional.of(Change.Kind.ADDED);
        }
        if (below.get().getClass() != now.getClass()) {
            return Optional.of(Change.Kind.TYPE_CHANGED);
        }
        if (isSame(below.get(), now)) {
            return Optional.empty();
        }
        return Optional.of(hasSameContent(below.get(), now) ? Change.Kind.METADATA : Change.Kind.MODIFIED);
    }

    private static boolean isSame(TreeNode a, TreeNode b) {
        return a instanceof DirectoryNode one && b instanceof DirectoryNode two
                ? one.mode() == two.mode() && one.modified().equals(two.modified())
                : a.equals(b);
    }

    private static boolean hasSameContent(TreeNode a, TreeNode b) {
        if (a instanceof FileNode one && b instanceof FileNode two) {
            return one.digest().equals(two.digest());
        }
        return a instanceof DirectoryNode
                || a instanceof SymlinkNode one
                        && b instanceof SymlinkNode two
                        && Arrays.equals(one.target(), two.target());
    }
}
