package dev.velo.runner;

import dev.velo.cas.manifest.Manifest;
import dev.velo.linkfarm.Placement;

/**
 * A farm that a run was planned on.
 *
 * @param tree relative to the store
 */
public record UsedFarm(String tree, Manifest manifest, Placement placement) {}
