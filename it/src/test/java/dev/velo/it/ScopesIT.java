package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Landlock keeps from a payload that has the host's network (scopes.c), and what it leaves alone. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScopesIT {
    private static final int SCOPES = 6;
    private static final int ENOSYS = 38;

    @RegisterExtension
    final Workspace work = new Workspace();

    private Path program;
    private Path manifest;

    @BeforeAll
    void build() {
        Path tree = work.dir("program");
        program = work.program(tree, "scopes");
        manifest = work.ingest(tree);
    }

    private void needsScopes() {
        int version = Integer.parseInt(outside("version"));
        Assumptions.assumeTrue(version >= SCOPES, "needs Landlock version 6 (Linux 6.12); this kernel's is " + version);
    }

    private String outside(String... act) {
        return work.command(all(List.of(program.toString()), act)).run().line();
    }

    private Command insideWith(List<String> options, String... act) {
        List<String> before = all(options, "--base", work.base().toString(), "--manifest", manifest.toString());
        return work.isolated(before, all(List.of("/scopes"), act).toArray(String[]::new));
    }

    private void inside(String network, String expected, String... act) {
        insideWith(List.of("--net", network), act).run().prints(expected + "\n");
    }

    private static List<String> all(List<String> first, String... more) {
        List<String> both = new ArrayList<>(first);
        both.addAll(List.of(more));
        return both;
    }

    private interface Try {
        void with(String name) throws Exception;
    }

    /** While a process of the host, which nothing confines, listens on abstract sockets. */
    private void whileTheHostListens(Try act) throws Exception {
        String name = work.dir("velo-abstract").getFileName() + "-"
                + ProcessHandle.current().pid();
        Command.Running host = work.command(List.of(program.toString(), "listen", name))
                .start()
                .says("ready");
        try {
            act.with(name);
        } finally {
            host.process().destroy();
            host.process().waitFor();
        }
    }

    @Test
    void abstractSocketsOfTheHostAreOutOfReach() throws Exception {
        needsScopes();
        whileTheHostListens(name -> {
            for (String act : List.of("connect", "send")) {
                assertThat(outside(act, name)).as(act).isEqualTo("works");
                inside("host", "EPERM", act, name);
                inside("none", "ECONNREFUSED", act, name);
            }
        });
    }

    /** Also shows that it is Landlock that denies, above. */
    @ParameterizedTest
    @ValueSource(ints = {ENOSYS, 95 /* EOPNOTSUPP */, 7 /* E2BIG */, 22 /* EINVAL */})
    void whereTheKernelCannotDenyThemARunWithTheHostsNetworkSaysSo(int errno) throws Exception {
        whileTheHostListens(name -> {
            Outcome host = without(errno, "host", "connect", name).succeeds();
            assertThat(host.out()).isEqualTo("works\n");
            assertThat(host.err().lines())
                    .singleElement()
                    .asString()
                    .startsWith("velo: warning: the program can connect to abstract sockets of the host: ")
                    .contains(errno == ENOSYS ? "this kernel has no Landlock; " : "Landlock");
            without(errno, "none", "connect", name).prints("ECONNREFUSED\n");
        });
    }

    private Outcome without(int errno, String network, String... act) {
        List<String> command = all(
                List.of(
                        program.toString(),
                        "without",
                        "landlock_create_ruleset",
                        Integer.toString(errno),
                        Workspace.VELO.toString()),
                "run",
                "--isolate",
                "--net",
                network,
                "--base",
                work.base().toString(),
                "--manifest",
                manifest.toString(),
                "--",
                "/scopes");
        return work.command(all(command, act)).run();
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "host"})
    void processesInsideReachEachOther(String network) {
        inside(network, "works", "own");
        inside(network, "works", "signals");
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "host"})
    void noSignalReachesInit(String network) {
        needsScopes();
        Host.needsTool("unshare");
        Outcome outside = work.command(List.of(
                        "unshare",
                        "--user",
                        "--map-root-user",
                        "--pid",
                        "--fork",
                        "sh",
                        "-c",
                        "\"$0\" signal 1; exit $?",
                        program.toString()))
                .run();
        assertThat(outside.line()).isEqualTo("works");
        inside(network, "EPERM", "signal", "1");
    }

    @Test
    void aSocketThatIsBoundInStaysWithinReach() throws Exception {
        Path place = work.dir("s");
        work.sh(place, "chmod 755 .");
        Path path = place.resolve("socket");
        Command.Running host = work.command(List.of(program.toString(), "listen", path.toString()))
                .start()
                .says("ready");
        try {
            work.sh(place, "chmod 666 socket");
            insideWith(List.of("--net", "host", "--bind", place + ":/mnt"), "connect", "/mnt/socket")
                    .run()
                    .prints("works\n");
        } finally {
            host.process().destroy();
            host.process().waitFor();
        }
    }

    @Test
    void aPayloadMayConfineItselfFurther() {
        needsScopes();
        inside("none", "works", "confine");
    }
}
