package dev.velo.linkfarm;

import dev.velo.cas.store.BlobStore;
import java.time.Duration;
import java.util.Optional;

/**
 * A manifest as a directory, ready to be a layer.
 *
 * @param tree its root, relative to the store
 * @param built true where it was built now, false where it was there
 */
public record Farm(String tree, Placement placement, boolean built, long entries, Duration took) {
    /** What is there for as long as the farm with this tree is, relative to the store. */
    public static String markerOf(String tree) {
        return FarmMarker.besides(tree);
    }

    /** Of its directory, as {@link FarmStatus#name}. */
    public String name() {
        String farm = tree.substring(0, tree.lastIndexOf('/'));
        return farm.substring(farm.lastIndexOf('/') + 1);
    }

    /** Where its files have their contents, relative to the store; empty where they have them themselves. */
    public Optional<String> data() {
        return placement == Placement.METADATA ? Optional.of(BlobStore.DATA_LAYER) : Optional.empty();
    }
}
