package dev.velo.namespaces;

/**
 * A layer that the launcher makes before it is used: metadata files in one directory, their contents in another. Whatever names the tree or
 * something below it as a layer gets what the two show together.
 *
 * @param tree relative to the plan's base
 * @param data relative to the plan's base; nothing of it shows but what the tree's files refer to
 */
public record ComposedLayer(String tree, String data) {}
