package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A program in the sandbox behaves to its caller like the program itself. */
class RunBasicsIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    @Test
    void thePayloadIsRootInside() {
        Path app = work.ingest(work.tree("echo hello >hello.txt"));
        work.isolated(List.of("--base", work.base().toString(), "--manifest", app.toString()), "/bin/sh", "-c", "id -u")
                .run()
                .prints("0\n");
        work.inside(app, "id -g; cat /hello.txt").run().prints("0\nhello\n");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 42, 124, 125, 126, 127, 255})
    void theExitStatusIsThePayloads(int status) {
        work.isolated("/bin/sh", "-c", "exit " + status).run().exits(status);
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "KILL, 137", "INT, 130", "SEGV, 139", "PIPE, 141"})
    void deathBySignalIs128PlusItsNumber(String signal, int status) {
        work.isolated("/bin/sh", "-c", "kill -" + signal + " $$; sleep 5").run().exits(status);
    }

    @Test
    void aCommandThatIsNotInTheRootIs127() {
        work.isolated("/bin/frobnicate").run().refuses(127, "/bin/frobnicate");
        work.isolated("frobnicate").run().refuses(127, "frobnicate");
    }

    @Test
    void aCommandThatCannotBeExecutedIs126() {
        Path app =
                work.ingest(work.tree("echo data >data; mkdir dir; printf '\\177ELFbroken' >broken; chmod 755 broken"));
        List<String> options = List.of("--base", work.base().toString(), "--manifest", app.toString());
        work.isolated(options, "/data").run().refuses(126, "/data");
        work.isolated(options, "/dir").run().refuses(126, "/dir");
        work.isolated(options, "/broken").run().refuses(126, "/broken");
    }

    @Test
    void scriptsRunByTheirFirstLine() {
        Path app = work.ingest(work.tree("printf '#!/bin/sh\\necho \"$0 $*\"\\n' >hello; chmod 755 hello"));
        work.isolated(List.of("--base", work.base().toString(), "--manifest", app.toString()), "/hello", "a b", "", "c")
                .run()
                .prints("/hello a b  c\n");
    }

    @Test
    void commandsAreFoundInThePathInside() {
        work.isolated("echo", "found").run().prints("found\n");
    }

    @Test
    void bothOutputsAreThePayloadsToTheLastByte() {
        Outcome outcome = work.isolated("/bin/sh", "-c", "printf 'out\\000x'; printf err >&2")
                .run()
                .succeeds();
        assertThat(outcome.stdout()).isEqualTo(new byte[] {'o', 'u', 't', 0, 'x'});
        assertThat(outcome.err()).isEqualTo("err");
    }

    @Test
    void standardInputPassesThroughUnchanged() {
        byte[] bytes = new byte[3_000_000];
        new Random(1).nextBytes(bytes);
        Outcome outcome = work.isolated("/bin/cat").reading(bytes).run().succeeds();
        assertThat(Arrays.equals(outcome.stdout(), bytes)).isTrue();
    }

    @Test
    void anEmptyInputEnds() {
        work.isolated("/bin/sh", "-c", "read x || echo end").run().prints("end\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT", "HUP", "USR1", "USR2", "QUIT"})
    void signalsReachThePayload(String signal) {
        Outcome outcome = work.isolated(
                        "/bin/sh",
                        "-c",
                        "trap 'echo got; exit 7' " + signal + "; echo ready; while :; do sleep 0.1; done")
                .start()
                .says("ready")
                .signal(signal)
                .await()
                .exits(7);
        assertThat(outcome.out()).isEqualTo("ready\ngot\n");
    }

    @Test
    void backgroundChildrenDieWithThePayload() {
        // The sandbox must not wait for a daemon that the payload left behind, nor leave it running.
        long before = System.nanoTime();
        work.isolated("/bin/sh", "-c", "sleep 987654 & echo started").run().prints("started\n");
        assertThat(System.nanoTime() - before).isLessThan(30_000_000_000L);
        String left = work.sh(Path.of("/"), "pgrep -f '^sleep 987654$' || true").out();
        assertThat(left).isEmpty();
    }

    @Test
    void zombiesAreReaped() {
        work.isolated(
                        "/bin/sh",
                        "-c",
                        "for i in 1 2 3 4 5; do (sleep 0.05 &) ; done; sleep 0.5; ps -o stat | grep -c Z || true")
                .run()
                .prints("0\n");
    }

    @Test
    void theTimeLimitIs124() {
        work.isolated(List.of("--manifest", work.base().toString(), "--timeout", "1s"), "/bin/sleep", "60")
                .run()
                .exits(124);
        work.isolated(List.of("--manifest", work.base().toString(), "--timeout", "60s"), "/bin/sh", "-c", "exit 3")
                .run()
                .exits(3);
    }

    @Test
    void workingDirectoryHostNameAndIds() {
        String base = work.base().toString();
        work.isolated(List.of("--manifest", base, "--workdir", "/usr/bin"), "/bin/pwd")
                .run()
                .prints("/usr/bin\n");
        work.isolated(List.of("--manifest", base, "--hostname", "velotest"), "/bin/hostname")
                .run()
                .prints("velotest\n");
        work.isolated(List.of("--manifest", base, "--uid", "1000", "--gid", "1001"), "/bin/sh", "-c", "id -u; id -g")
                .run()
                .prints("1000\n1001\n");
        work.isolated(List.of("--manifest", base, "--workdir", "/nowhere"), "/bin/pwd")
                .run()
                .refuses(125, "/nowhere");
    }

    @Test
    void theUsualPlacesWork() {
        work.isolated("/bin/sh", "-c", """
                set -e
                echo x >/tmp/x; cat /tmp/x; echo y >/dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c
                test -r /proc/self/status; test -c /dev/full; echo fd </dev/fd/0; stat -c %a /tmp; echo x >/dev/shm/x
                """).run().prints("x\n4\n4\nfd\n1777\n");
    }
}
