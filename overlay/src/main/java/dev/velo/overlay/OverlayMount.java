package dev.velo.overlay;

import java.util.ArrayList;
import java.util.List;

/**
 * The lower layers of a run, as paths relative to the store. Order, topmost first: the skeleton of mount points, the manifests, the last named
 * on top, and below them the bases, the last named on top.
 */
public record OverlayMount(List<String> topmostFirst) {
    public OverlayMount {
        topmostFirst = List.copyOf(topmostFirst);
        if (topmostFirst.size() < 2) {
            throw new IllegalArgumentException("an overlay needs a skeleton and at least one tree");
        }
    }

    /** @param bases and manifests in the order in which the user named them */
    public static OverlayMount of(String skeleton, List<String> bases, List<String> manifests) {
        List<String> layers = new ArrayList<>();
        layers.add(skeleton);
        for (List<String> group : List.of(manifests, bases)) {
            for (int i = group.size() - 1; i >= 0; i--) {
                // The kernel refuses a layer that stands twice; the lower of the two would not be seen anyway.
                if (!layers.contains(group.get(i))) {
                    layers.add(group.get(i));
                }
            }
        }
        return new OverlayMount(layers);
    }
}
