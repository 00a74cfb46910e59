package dev.velo.runner;

import dev.velo.cas.manifest.Manifest;
import dev.velo.namespaces.ComposedLayer;
import java.util.Optional;

/**
 * A manifest that is part of a run, with its farm.
 *
 * @param layer the farm's tree, relative to the store
 * @param data where its files have their contents, relative to the store; empty where they have them themselves
 */
record Tree(Manifest manifest, String layer, Optional<String> data) {
    /** The farm's directory, relative to the store. */
    String farm() {
        return layer.substring(0, layer.lastIndexOf('/'));
    }

    Optional<ComposedLayer> composed() {
        return data.map(where -> new ComposedLayer(layer, where));
    }
}
