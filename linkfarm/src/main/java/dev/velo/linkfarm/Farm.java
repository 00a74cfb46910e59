package dev.velo.linkfarm;

import java.time.Duration;

/**
 * A manifest as a directory, ready to be a layer.
 *
 * @param tree its root, relative to the store
 * @param built true where it was built now, false where it was there
 */
public record Farm(String tree, Placement placement, boolean built, long entries, Duration took) {}
