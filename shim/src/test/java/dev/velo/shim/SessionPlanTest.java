package dev.velo.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class SessionPlanTest {
    private static SessionPlan plan(byte[]... arguments) {
        return new SessionPlan(
                List.of(arguments),
                List.of("A=b".getBytes(), "EMPTY=".getBytes()),
                Optional.of("dir"),
                new ShimSession(Path.of("/store/leases/run-1"), Path.of("/store/manifests/m.velo")),
                new ShimLibrary(Path.of("/velo/lib/libvelo-shim.so")),
                Path.of("/velo/libexec/velo-enter"),
                Path.of("/velo/libexec/velo-supervised"),
                true,
                List.of("/velo/bin/velo", "--session"),
                Optional.of(Duration.ofMillis(1500)),
                Optional.of(Path.of("/home/r.json")));
    }

    /** The C test reads the same file. */
    @Test
    void theBytesAreTheGoldenOnes() throws IOException {
        try (InputStream in = SessionPlanTest.class.getResourceAsStream("/golden/session-plan-1.bin")) {
            assertThat(plan("/vrift/bin/tool".getBytes(), new byte[] {(byte) 0xff})
                            .encode(OptionalLong.of(1024)))
                    .isEqualTo(in.readAllBytes());
        }
    }

    @Test
    void noStringHoldsANul() {
        assertThatThrownBy(() -> plan(new byte[] {'a', 0, 'b'}).encode(OptionalLong.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("NUL");
    }
}
