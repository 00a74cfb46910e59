package dev.velo.cas.manifest;

import java.util.List;

/** Stacks trees as OverlayFS stacks layers. */
public final class LayerMerge {
    private LayerMerge() {}

    /**
     * What a reader of the stacked layers sees, as one tree without whiteouts and opaque marks.
     *
     * @param bottomToTop at least one tree; a later one wins
     */
    public static DirectoryNode merge(List<DirectoryNode> bottomToTop) {
        throw new UnsupportedOperationException();
    }
}
