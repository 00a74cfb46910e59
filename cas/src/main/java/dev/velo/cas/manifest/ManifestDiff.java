package dev.velo.cas.manifest;

import dev.velo.cas.TreePath;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;

/** What differs between two trees. */
public final class ManifestDiff {
    /** How a path differs. */
    public enum Kind {
        ADDED,
        REMOVED,
        MODIFIED,
        TYPE_CHANGED,
        /** The same content with another mode, modification time or opaque mark. */
        METADATA
    }

    /** A path that differs; the type is the new one, or the old one where it was removed. */
    public record Difference(Kind kind, TreePath path, EntryType type) {}

    /** A directory to compare; either side may be missing. */
    private record Pair(Entry before, Entry after) {}

    private final Manifest before;
    private final Manifest after;
    private final List<Difference> differences = new ArrayList<>();
    private final Deque<Pair> pending = new ArrayDeque<>();

    private ManifestDiff(Manifest before, Manifest after) {
        this.before = before;
        this.after = after;
    }

    /** The differences in ascending order of path; equal subtrees are skipped by their Merkle digest. */
    public static List<Difference> between(Manifest before, Manifest after) {
        return new ManifestDiff(before, after).run();
    }

    private List<Difference> run() {
        both(before.entry(0), after.entry(0));
        while (!pending.isEmpty()) {
            Pair pair = pending.pop();
            children(
                    pair.before() == null ? List.of() : before.children(pair.before()),
                    pair.after() == null ? List.of() : after.children(pair.after()));
        }
        differences.sort(Comparator.comparing(Difference::path));
        return differences;
    }

    private void children(List<Entry> old, List<Entry> now) {
        int o = 0;
        int n = 0;
        while (o < old.size() || n < now.size()) {
            int order = o == old.size()
                    ? 1
                    : n == now.size()
                            ? -1
                            : old.get(o).path().compareTo(now.get(n).path());
            if (order < 0) {
                gone(old.get(o++));
            } else if (order > 0) {
                added(now.get(n++));
            } else {
                both(old.get(o++), now.get(n++));
            }
        }
    }

    private void gone(Entry entry) {
        differences.add(new Difference(Kind.REMOVED, entry.path(), entry.type()));
        if (entry.type() == EntryType.DIRECTORY) {
            pending.push(new Pair(entry, null));
        }
    }

    private void added(Entry entry) {
        differences.add(new Difference(Kind.ADDED, entry.path(), entry.type()));
        if (entry.type() == EntryType.DIRECTORY) {
            pending.push(new Pair(null, entry));
        }
    }

    private void both(Entry old, Entry now) {
        if (old.type() != now.type()) {
            differences.add(new Difference(Kind.TYPE_CHANGED, now.path(), now.type()));
            if (old.type() == EntryType.DIRECTORY) {
                pending.push(new Pair(old, null));
            }
            if (now.type() == EntryType.DIRECTORY) {
                pending.push(new Pair(null, now));
            }
            return;
        }
        if (old.type() == EntryType.DIRECTORY) {
            directories(old, now);
        } else if (!old.node().equals(now.node())) {
            differences.add(new Difference(kind(old.node(), now.node()), now.path(), now.type()));
        }
    }

    private void directories(Entry old, Entry now) {
        DirectoryNode a = (DirectoryNode) old.node();
        DirectoryNode b = (DirectoryNode) now.node();
        if (a.mode() != b.mode() || !a.modified().equals(b.modified()) || a.opaque() != b.opaque()) {
            differences.add(new Difference(Kind.METADATA, now.path(), EntryType.DIRECTORY));
        }
        if (!before.treeDigest(old).equals(after.treeDigest(now))) {
            pending.push(new Pair(old, now));
        }
    }

    private static Kind kind(TreeNode old, TreeNode now) {
        if (old instanceof FileNode a && now instanceof FileNode b) {
            return a.digest().equals(b.digest()) ? Kind.METADATA : Kind.MODIFIED;
        }
        if (old instanceof SymlinkNode a && now instanceof SymlinkNode b) {
            return Arrays.equals(a.target(), b.target()) ? Kind.METADATA : Kind.MODIFIED;
        }
        return Kind.MODIFIED;
    }
}
