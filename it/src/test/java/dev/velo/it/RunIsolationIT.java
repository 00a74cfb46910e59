package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the payload must not see or reach. Each act is first shown to succeed outside. */
class RunIsolationIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final String BUSYBOX = "busybox";

    @Test
    void theEnvironmentIsNotTheCallers() {
        assertThat(work.command(List.of("env"))
                        .with("VELO_IT_SECRET", "s3cret")
                        .run()
                        .out())
                .contains("s3cret");
        String seen = work.isolated(
                        "/bin/sh", "-c", "env; cat /proc/1/environ /proc/self/environ /proc/1/cmdline 2>/dev/null")
                .with("VELO_IT_SECRET", "s3cret")
                .run()
                .out();
        assertThat(seen)
                .contains("PATH=")
                .doesNotContain("s3cret", "VR_THE_SOURCE", work.store().toString());
    }

    @Test
    void variablesPassOnlyWhenNamed() {
        work.isolated(
                        List.of(
                                "--manifest",
                                work.base().toString(),
                                "--env",
                                "A=1=2",
                                "--env",
                                "EMPTY=",
                                "--pass-env",
                                "VELO_IT_NAMED"),
                        "/bin/sh",
                        "-c",
                        "echo \"$A|${EMPTY-unset}|$VELO_IT_NAMED|${VELO_IT_OTHER-unset}\"")
                .with("VELO_IT_NAMED", "named")
                .with("VELO_IT_OTHER", "other")
                .run()
                .prints("1=2||named|unset\n");
    }

    @Test
    void theHostsNetworkIsOutOfReach() throws Exception {
        Host.needsTool(BUSYBOX);
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread answering = new Thread(() -> answer(server));
            answering.setDaemon(true);
            answering.start();
            String script =
                    "busybox nc -w 2 127.0.0.1 " + server.getLocalPort() + " </dev/null 2>/dev/null || echo refused";
            assertThat(work.command(List.of("sh", "-c", script)).run().line()).isEqualTo("reached");
            work.isolated("/bin/sh", "-c", script).run().prints("refused\n");
            assertThat(work.isolated(
                                    List.of("--manifest", work.base().toString(), "--net", "host"),
                                    "/bin/sh",
                                    "-c",
                                    script)
                            .run()
                            .line())
                    .isEqualTo("reached");
        }
    }

    private static void answer(ServerSocket server) {
        while (!server.isClosed()) {
            try (var connection = server.accept()) {
                connection.getOutputStream().write("reached".getBytes());
            } catch (java.io.IOException e) {
                return;
            }
        }
    }

    @Test
    void itsOwnLoopbackIsUpAndNothingElseIsThere() {
        work.isolated("/bin/sh", "-c", """
                (echo pong | nc -l -p 5555 >/dev/null) & sleep 0.3; nc -w 2 127.0.0.1 5555 </dev/null
                tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '
                """).run().prints("pong\nlo\n");
    }

    @Test
    void theHostsProcessesAreInvisible() throws Exception {
        Process witness = new ProcessBuilder("sleep", "876543").start();
        try {
            String count = "grep -l '87654[3]' /proc/[0-9]*/cmdline 2>/dev/null | wc -l";
            assertThat(work.sh(Path.of("/"), "grep -al '87654[3]' /proc/[0-9]*/cmdline 2>/dev/null | wc -l || true")
                            .line())
                    .isNotEqualTo("0");
            assertThat(work.isolated("/bin/sh", "-c", count).run().line()).isEqualTo("0");
            assertThat(work.isolated("/bin/kill", "-9", Long.toString(witness.pid()))
                            .run()
                            .exit())
                    .isNotZero();
            assertThat(witness.isAlive()).isTrue();
        } finally {
            witness.destroyForcibly();
        }
    }

    @Test
    void namespacesAreFresh() {
        for (String kind : List.of("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")) {
            String outside =
                    work.sh(Path.of("/"), "readlink /proc/self/ns/" + kind).line();
            String within = work.isolated("/bin/readlink", "/proc/self/ns/" + kind)
                    .run()
                    .succeeds()
                    .line();
            assertThat(within).as(kind).startsWith(kind + ":").isNotEqualTo(outside);
        }
    }

    @Test
    void onlyTheManifestsAreVisible() throws Exception {
        Path secret = work.dir("secret").resolve("secret");
        Files.writeString(secret, "hidden");
        assertThat(work.command(List.of("cat", secret.toString())).run().out()).isEqualTo("hidden");
        assertThat(work.isolated("/bin/cat", secret.toString()).run().exit()).isEqualTo(1);
        Path exported = work.dir("export").resolve("tree");
        work.velo("export", work.base().toString(), exported.toString()).run().succeeds();
        List<String> names = work.sh(exported, "ls -A").out().lines().toList();
        List<String> seen = work.isolated("/bin/ls", "-A", "/")
                .run()
                .succeeds()
                .out()
                .lines()
                .toList();
        assertThat(seen).containsAll(names).contains("proc", "dev");
        assertThat(seen).filteredOn(name -> !names.contains(name)).isSubsetOf("proc", "dev", "sys", "tmp", "run");
        assertThat(work.isolated("/bin/cat", "/etc/passwd").run().out()).contains("root:x:0:0:root:/root:/bin/sh");
    }

    @Test
    void theStoresPathIsNowhereToBeSeen() {
        String seen = work.isolated(
                        "/bin/sh",
                        "-c",
                        "cat /proc/self/mountinfo /proc/1/mountinfo /proc/mounts; ls -l /proc/self/fd /proc/1/fd")
                .run()
                .out();
        assertThat(seen).contains("/proc").doesNotContain(work.store().toString());
    }

    @Test
    void noDescriptorIsInherited() {
        String script = "exec 9</etc/passwd; exec \"$@\"";
        List<String> outside = List.of("bash", "-c", script, "x", "ls", "/proc/self/fd");
        assertThat(work.command(outside).run().out()).contains("9");
        Outcome within = work.command(List.of(
                        "bash",
                        "-c",
                        script,
                        "x",
                        Workspace.VELO.toString(),
                        "run",
                        "--isolate",
                        "--manifest",
                        work.base().toString(),
                        "--",
                        "/bin/sh",
                        "-c",
                        "cd /proc/self/fd; echo *"))
                .run()
                .succeeds();
        assertThat(within.line().split(" ")).allMatch(number -> Integer.parseInt(number) <= 3);
        assertThat(within.line()).doesNotContain("9");
    }

    /** Keys of the caller's login session are the caller's: session-keyring(7). */
    @Test
    void theCallersKeysAreOutOfReach() {
        Host.needsTool("perl");
        // KEYCTL_GET_KEYRING_ID of KEY_SPEC_SESSION_KEYRING.
        String keys = "print syscall(250, 0, -3, 0)";
        Outcome outside = work.command(List.of("perl", "-e", keys)).run().succeeds();
        Path app = work.ingest(work.tree("echo x >x"));
        List<String> options = List.of("--profile", "host-tools", "--manifest", app.toString());
        assertThat(outside.line()).isNotEqualTo("-1");
        assertThat(work.isolated(options, "/usr/bin/env", "perl", "-e", keys)
                        .run()
                        .succeeds()
                        .line())
                .isEqualTo("-1");
    }

    @Test
    void noPrivilegesCanBeGained() {
        String status =
                work.isolated("/bin/cat", "/proc/self/status").run().succeeds().out();
        assertThat(status)
                .containsPattern("NoNewPrivs:\\s+1")
                .containsPattern("CapEff:\\s+0000000000000000")
                .containsPattern("CapPrm:\\s+0000000000000000")
                .containsPattern("CapInh:\\s+0000000000000000")
                .containsPattern("CapBnd:\\s+0000000000000000")
                .containsPattern("CapAmb:\\s+0000000000000000");
        assertThat(work.isolated("/bin/mount", "-t", "tmpfs", "none", "/mnt")
                        .run()
                        .exit())
                .isNotZero();
        assertThat(work.isolated("/bin/umount", "/proc").run().exit()).isNotZero();
    }
}
