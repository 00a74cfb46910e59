package dev.velo.overlay;

import dev.velo.cas.manifest.DirectoryNode;
import java.util.List;

/**
 * What a run changed.
 *
 * @param tree the upper layer as a tree, with whiteouts and opaque marks: merged on top of the lower tree it gives the result
 * @param changes in ascending order of path
 * @param refused what cannot be part of a manifest, one line each: then the tree is not the whole truth
 */
public record ChangeSet(DirectoryNode tree, List<Change> changes, List<String> refused) {}
