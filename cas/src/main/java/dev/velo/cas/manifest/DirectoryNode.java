package dev.velo.cas.manifest;

import dev.velo.cas.FileName;
import dev.velo.cas.posix.Timestamp;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A directory. Immutable.
 *
 * @param mode the low 12 bits
 * @param opaque true where the layers below show nothing inside it
 * @param children strictly ascending by name
 */
public record DirectoryNode(int mode, Timestamp modified, boolean opaque, List<Child> children) implements TreeNode {
    /** A name and what it stands for. */
    public record Child(FileName name, TreeNode node) implements Comparable<Child> {
        @Override
        public int compareTo(Child other) {
            return name.compareTo(other.name);
        }
    }

    public DirectoryNode {
        if ((mode & ~07777) != 0) {
            throw new IllegalArgumentException("mode out of range");
        }
        children = List.copyOf(children);
        for (int i = 1; i < children.size(); i++) {
            if (children.get(i - 1).compareTo(children.get(i)) >= 0) {
                throw new IllegalArgumentException(
                        "children out of order or doubled: " + children.get(i).name());
            }
        }
    }

    /** The child of this name, found by binary search. */
    public Optional<TreeNode> child(FileName name) {
        int at = Collections.binarySearch(children, new Child(name, null));
        return at < 0 ? Optional.empty() : Optional.of(children.get(at).node());
    }
}
