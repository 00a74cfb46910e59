package dev.velo.namespaces;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanCodecTest {
    /** The plan that golden/plan-1.bin holds; the launcher's own test reads the same file. */
    static LaunchPlan golden() {
        return builder()
                .argument(new byte[] {(byte) 0xff, 1, ' ', 'o', 'd', 'd'})
                .environment("K=V=W".getBytes(StandardCharsets.UTF_8))
                .workdir("/work")
                .hostname("host")
                .network(Network.HOST)
                .keep(9)
                .lifeline(8)
                .finish(List.of("/bin/echo", "done"))
                .descriptorLimit(1024)
                .timeLimit(Duration.ofMillis(1500))
                .stdinNull(true)
                .terminal(true)
                .change(new CallChange("mkdir", false))
                .change(new CallChange("keyctl", true))
                .compose(new ComposedLayer("farms/a,b:c\\d/tree", "cas/sha256"))
                .mount(MountOp.proc("/proc"))
                .mount(MountOp.dev("/dev", 1 << 20))
                .mount(MountOp.tmpfs("/tmp", 01777, 4096, 100))
                .mount(MountOp.bind("/etc/passwd", "/etc/passwd", true, true))
                .mount(MountOp.overlay(List.of("farms/x/tree/usr", "/usr"), "/usr"))
                .build();
    }

    private static LaunchPlan.Builder builder() {
        return new LaunchPlan.Builder()
                .base("/store")
                .runDirectory("leases/run-1")
                .argument("/bin/sh")
                .identity(new Identity(0, 1, 1000, 1001))
                .layer("leases/run-1/skeleton")
                .layer("farms/a,b:c\\d/tree");
    }

    @Test
    void writesTheGoldenBytes() throws Exception {
        try (InputStream in = PlanCodecTest.class.getResourceAsStream("/golden/plan-1.bin")) {
            assertThat(PlanCodec.encode(golden())).isEqualTo(in.readAllBytes());
        }
    }

    @Test
    void equalPlansHaveEqualBytesAndOthersDoNot() {
        assertThat(builder().build())
                .isEqualTo(builder().build())
                .hasSameHashCodeAs(builder().build());
        assertThat(builder().build())
                .isNotEqualTo(builder().workdir("/elsewhere").build());
    }

    @Test
    void refusesWhatALauncherWouldRefuse() {
        assertThatThrownBy(() -> new Identity(0, 0, 0, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> MountOp.proc("relative")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new LaunchPlan.Builder().build()).isInstanceOf(IllegalStateException.class);
        LaunchPlan nul = builder().argument("a\0b").build();
        assertThatThrownBy(() -> PlanCodec.encode(nul)).hasMessageContaining("NUL");
    }
}
