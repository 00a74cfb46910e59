package dev.velo.cas.manifest;

import dev.velo.cas.TreePath;
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

    /** A path that differs. */
    public record Difference(Kind kind, TreePath path, EntryType type) {}

    private ManifestDiff() {}

    /** The differences in ascending order of path; equal subtrees are skipped by their Merkle digest. */
    public static List<Difference> between(Manifest before, Manifest after) {
        throw new UnsupportedOperationException();
    }
}
