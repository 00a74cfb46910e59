package dev.velo.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BindSpecTest {
    @Test
    void readsSourceTargetAndMode() {
        assertThat(BindSpec.parse("/a:/b")).isEqualTo(new BindSpec("/a", "/b", false));
        assertThat(BindSpec.parse("/a:/b:ro")).isEqualTo(new BindSpec("/a", "/b", false));
        assertThat(BindSpec.parse("rel:/b//c:rw")).isEqualTo(new BindSpec("rel", "/b/c", true));
        assertThat(BindSpec.parse("/a\\:1\\\\:/b\\:2")).isEqualTo(new BindSpec("/a:1\\", "/b:2", false));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/a", "/a:b", "/a:/", "/a:/b:rx", "/a:/b:ro:x", "/a:/b/../c", "/a:/proc", "/a:/dev/shm"})
    void refuses(String text) {
        assertThatThrownBy(() -> BindSpec.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
