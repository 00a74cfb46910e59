package dev.velo.cas.manifest;

import dev.velo.cas.FileName;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Stacks trees as OverlayFS stacks layers. */
public final class LayerMerge {
    private LayerMerge() {}

    /**
     * What a reader of the stacked layers sees, as one tree without whiteouts and opaque marks.
     *
     * @param bottomToTop at least one tree; a later one wins
     */
    public static DirectoryNode merge(List<DirectoryNode> bottomToTop) {
        DirectoryNode result = null;
        for (DirectoryNode layer : bottomToTop) {
            result = mergeDirectories(result, layer);
        }
        if (result == null) {
            throw new IllegalArgumentException("no layers");
        }
        return result;
    }

    /** A tree with changes applied: a merge of two. */
    public static DirectoryNode apply(DirectoryNode base, DirectoryNode changes) {
        return mergeDirectories(mergeDirectories(null, base), changes);
    }

    /**
     * Depth is bounded by the format (32,768 levels), beyond what a default stack takes; so the recursion of very deep trees runs on a
     * thread with a stack made for it.
     */
    private static DirectoryNode mergeDirectories(DirectoryNode lower, DirectoryNode upper) {
        DirectoryNode[] result = new DirectoryNode[1];
        DeepStack.run(() -> result[0] = directories(lower, upper));
        return result[0];
    }

    private static DirectoryNode directories(DirectoryNode lower, DirectoryNode upper) {
        TreeMap<FileName, TreeNode> children = new TreeMap<>();
        if (lower != null && !upper.opaque()) {
            lower.children().forEach(child -> children.put(child.name(), child.node()));
        }
        for (DirectoryNode.Child child : upper.children()) {
            if (child.node() instanceof WhiteoutNode) {
                children.remove(child.name());
            } else if (child.node() instanceof DirectoryNode directory) {
                DirectoryNode below = children.get(child.name()) instanceof DirectoryNode existing ? existing : null;
                children.put(child.name(), directories(below, directory));
            } else {
                children.put(child.name(), child.node());
            }
        }
        List<DirectoryNode.Child> list = new ArrayList<>(children.size());
        children.forEach((name, node) -> list.add(new DirectoryNode.Child(name, node)));
        return new DirectoryNode(upper.mode(), upper.modified(), false, list);
    }
}
