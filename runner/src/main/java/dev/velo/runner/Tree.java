package dev.velo.runner;

import dev.velo.cas.manifest.Manifest;

/**
 * A manifest that is part of a run, with its farm.
 *
 * @param layer the farm's tree, relative to the store
 */
record Tree(Manifest manifest, String layer) {}
