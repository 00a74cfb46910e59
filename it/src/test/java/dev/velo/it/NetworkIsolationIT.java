package dev.velo.it;

import static dev.velo.it.AttackProgram.outcomes;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Sockets of the host and addresses of the world, from a sandbox without a network. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NetworkIsolationIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final String[] WORLD = {
        "udp:192.0.2.1", "tcp:192.0.2.1", "udp:8.8.8.8", "tcp:169.254.169.254", "udp:255.255.255.255"
    };

    private AttackProgram program;

    @BeforeAll
    void build() {
        program = AttackProgram.build(work);
    }

    private Map<String, String> reachInside(List<String> options, String... targets) {
        return outcomes(program.inside(options, with("reach", targets)));
    }

    private Map<String, String> reachOutside(String... targets) {
        return outcomes(program.outside(List.of(), with("reach", targets)));
    }

    private static String[] with(String first, String... rest) {
        return java.util.stream.Stream.concat(java.util.stream.Stream.of(first), java.util.Arrays.stream(rest))
                .toArray(String[]::new);
    }

    @Test
    void withoutANetworkNoAddressHasARoute() {
        assertThat(reachInside(List.of("--net", "none"), WORLD))
                .hasSize(WORLD.length)
                .allSatisfy((target, outcome) -> assertThat(outcome).as(target).isEqualTo("ENETUNREACH"));
        assertThat(reachInside(List.of("--net", "none"), "udp:2001:db8::1", "tcp:2001:db8::1"))
                .allSatisfy((target, outcome) ->
                        assertThat(outcome).as(target).isIn("ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"));
        assertThat(reachInside(List.of("--net", "none"), "udp:127.0.0.1"))
                .as("control: a route that there is")
                .containsEntry("udp:127.0.0.1", "works");
        String outside = reachOutside("udp:192.0.2.1").get("udp:192.0.2.1");
        Assumptions.assumeTrue(outside.equals("works"), "the control needs a host with a default route");
        assertThat(reachInside(List.of("--net", "host"), "udp:192.0.2.1")).containsEntry("udp:192.0.2.1", "works");
    }

    @Test
    void abstractSocketsOfTheHostAreOutOfReach() throws Exception {
        String name = "velo-it-" + ProcessHandle.current().pid();
        Process host = new ProcessBuilder(program.file().toString(), "listen", name).start();
        try {
            assertThat(host.inputReader().readLine()).isEqualTo("listens");
            assertThat(reachOutside("abstract:" + name)).containsEntry("abstract:" + name, "works");
            assertThat(reachInside(List.of("--net", "none"), "abstract:" + name))
                    .containsEntry("abstract:" + name, "ECONNREFUSED");
        } finally {
            host.destroy();
        }
    }

    /** It is a file: whoever is shown it may use it. */
    @Test
    void aSocketOfTheHostIsThereOnlyWhereItIsBound() throws Exception {
        Path directory = work.dir("s");
        Path socket = directory.resolve("s");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            work.sh(directory, "chmod 777 . s");
            assertThat(reachOutside("path:" + socket)).containsEntry("path:" + socket, "works");
            assertThat(reachInside(List.of(), "path:" + socket)).containsEntry("path:" + socket, "ENOENT");
            assertThat(reachInside(List.of("--bind", directory + ":/host"), "path:/host/s"))
                    .containsEntry("path:/host/s", "works");
        }
    }
}
