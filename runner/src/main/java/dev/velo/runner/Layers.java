package dev.velo.runner;

import dev.velo.overlay.OverlayMount;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;

/** The trees of a run in the order in which the user named them. */
record Layers(List<Tree> bases, List<Tree> manifests) {
    OverlayMount mount(String skeleton) {
        return OverlayMount.of(
                skeleton,
                bases.stream().map(Tree::layer).toList(),
                manifests.stream().map(Tree::layer).toList());
    }

    List<Tree> bottomToTop() {
        return Stream.concat(bases.stream(), manifests.stream()).toList();
    }

    /** Without what an opaque root hides: the kernel takes no notice of that mark on the root of a layer. */
    Layers visible() {
        for (int i = manifests.size() - 1; i >= 0; i--) {
            if (manifests.get(i).manifest().tree().opaque()) {
                return new Layers(List.of(), manifests.subList(i, manifests.size()));
            }
        }
        for (int i = bases.size() - 1; i >= 0; i--) {
            if (bases.get(i).manifest().tree().opaque()) {
                return new Layers(bases.subList(i, bases.size()), manifests);
            }
        }
        return this;
    }

    List<Tree> topmostFirst() {
        List<Tree> trees = new ArrayList<>(bottomToTop());
        Collections.reverse(trees);
        return trees;
    }
}
