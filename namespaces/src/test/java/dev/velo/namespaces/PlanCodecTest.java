package dev.velo.namespaces;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
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

    /** Records of the limits and of what belongs to them, as docs/formats/launch-plan.md has them. */
    @Test
    void limitsAreRecordsOfTheirOwn() {
        String with = hex(builder()
                .limit(Resource.MEMORY, 5)
                .limit(Resource.PROCESSORS, 1500)
                .limit(Resource.OUTPUT, 7)
                .limit(Resource.FILE_SIZE, 9)
                .bestEffort(true)
                .result("/r")
                .build());
        assertThat(with)
                .contains("210000000c000000" + "03000000" + "0500000000000000")
                .contains("210000000c000000" + "04000000" + "dc05000000000000")
                .contains("210000000c000000" + "05000000" + "0700000000000000")
                .contains("210000000c000000" + "06000000" + "0900000000000000")
                .contains("24000000" + "03000000" + "2f7200")
                .contains("25000000" + "00000000");
        assertThat(hex(builder().build()))
                .doesNotContain("210000000c000000")
                .doesNotContain("2f7200")
                .doesNotContain("2500000000000000");
    }

    private static String hex(LaunchPlan plan) {
        return HexFormat.of().formatHex(PlanCodec.encode(plan));
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
