package dev.velo.overlay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OverlayMountTest {
    private static List<String> order(List<String> bases, List<String> manifests) {
        return OverlayMount.of("skeleton", bases, manifests).topmostFirst();
    }

    @Test
    void theLastNamedIsOnTopAndBasesAreBelowManifests() {
        assertThat(order(List.of("b1", "b2"), List.of("m1", "m2", "m3")))
                .containsExactly("skeleton", "m3", "m2", "m1", "b2", "b1");
        assertThat(order(List.of(), List.of("m1"))).containsExactly("skeleton", "m1");
        assertThat(order(List.of("b1"), List.of())).containsExactly("skeleton", "b1");
    }

    @Test
    void aTreeThatIsNamedTwiceStandsWhereItIsHighest() {
        assertThat(order(List.of(), List.of("a", "b", "a"))).containsExactly("skeleton", "a", "b");
        assertThat(order(List.of("a", "b"), List.of("a"))).containsExactly("skeleton", "a", "b");
        assertThat(order(List.of("a", "a"), List.of("a", "a"))).containsExactly("skeleton", "a");
    }

    @Test
    void anOverlayNeedsATree() {
        assertThatThrownBy(() -> order(List.of(), List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void doesNotChangeAfterwards() {
        List<String> layers = new ArrayList<>(List.of("skeleton", "m"));
        OverlayMount mount = new OverlayMount(layers);
        layers.add("late");
        assertThat(mount.topmostFirst()).containsExactly("skeleton", "m");
    }
}
