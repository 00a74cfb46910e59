package dev.velo.cas.manifest;

import dev.velo.cas.TreePath;

/**
 * One entry of a manifest.
 *
 * @param index its place in the manifest, 0 for the root
 * @param node its value; a directory with all that is below it
 */
public record Entry(int index, TreePath path, EntryType type, TreeNode node) {}
