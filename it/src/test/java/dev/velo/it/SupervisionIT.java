package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a payload does to the supervisor through what they share, and what the supervisor leaves to others. */
class SupervisionIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final Bombs bombs = new Bombs(work);

    /** It cannot win always, nor always lose: either it ends by itself, or the time limit ends it. */
    @Test
    void whoTakesItsOutputBackDoesNotHoldUpItsSupervisor() {
        long began = System.nanoTime();
        Outcome outcome = work.sh(work.dir("thief"), """
                status=0
                timeout -s KILL 60 "$velo" run --isolate --manifest "$1" --timeout 5s --max-output 1G -- /bombs thief >out 2>err || status=$?
                echo $status
                """, bombs.manifest());
        assertThat(outcome.line()).isIn("7", "124");
        assertThat(System.nanoTime() - began).isLessThan(50_000_000_000L);
    }

    @Test
    void aTerminalWhoseLimitIsReachedEndsTheRunWhateverItIgnores() {
        Bombs.Ended ended = bombs.run(
                List.of("--base", work.base().toString(), "--tty", "--max-output", "10", "--timeout", "60s"),
                "/bin/sh",
                "-c",
                "trap '' HUP; echo 12345678901234567890; sleep 1000");
        ended.exits(137).by("output").hits("output");
        assertThat(ended.outcome().stdout()).hasSize(10);
    }

    @Test
    void whatTheCallerIgnoresDoesNotReachTheProgram() {
        String script = """
                ( trap '' HUP; exec "$velo" run --isolate --manifest "$1" -- /bin/sh -c 'echo started >&2; sleep 3; echo lived' ) >out 2>err & run=$!
                for i in $(seq 600); do [ ! -s err ] || break; sleep 0.05; done
                kill -HUP $run; status=0; wait $run || status=$?; echo $status; cat out
                """;
        assertThat(work.sh(work.dir("nohup"), script, work.base()).out()).isEqualTo("0\nlived\n");
        String without = script.replace("trap '' HUP; ", "");
        assertThat(work.sh(work.dir("hangup"), without, work.base()).out()).isEqualTo("129\n");
    }

    @Test
    void aGroupOfSomebodyElseStays() throws Exception {
        Host.needsRoot("control groups of version 1 are root's");
        Path memory = Path.of("/sys/fs/cgroup/memory");
        Assumptions.assumeTrue(Files.isDirectory(memory), "needs the memory controller of version 1");
        String own = Files.readAllLines(Path.of("/proc/self/cgroup")).stream()
                .filter(line -> line.contains(":memory:"))
                .map(line -> line.substring(line.lastIndexOf(':') + 2))
                .findFirst()
                .orElseThrow();
        Path others = Files.createDirectory(memory.resolve(own).resolve("velo-review-" + System.nanoTime()));
        Path left = Files.createDirectory(memory.resolve(own).resolve("velo-run-00000000deadbeef"));
        try {
            work.isolated(List.of("--memory", "64M", "--manifest", work.base().toString()), "/bin/true")
                    .run()
                    .succeeds();
            assertThat(others).exists();
            assertThat(left).doesNotExist();
        } finally {
            Files.deleteIfExists(others);
            Files.deleteIfExists(left);
        }
    }

    @Test
    void twoResultsInOneFileAreRefused() {
        String file = work.dir("one").resolve("file").toString();
        work.isolated(
                        List.of(
                                "--output",
                                file,
                                "--result",
                                file,
                                "--manifest",
                                work.base().toString()),
                        "/bin/true")
                .run()
                .refuses(125, "it is named for two of the results");
    }

    /** Neither is there anything to capture, nor a reason to write a manifest. */
    @Test
    void aProgramThatWasNotExecutedHasNoOutput() {
        Path output = work.dir("none").resolve("result.velo");
        work.isolated(
                        List.of(
                                "--output",
                                output.toString(),
                                "--manifest",
                                work.base().toString()),
                        "/nonexistent")
                .run()
                .exits(127);
        assertThat(output).doesNotExist();
        work.isolated(
                        List.of(
                                "--output",
                                output.toString(),
                                "--manifest",
                                work.base().toString()),
                        "/bin/false")
                .run()
                .exits(1);
        assertThat(output).exists();
    }
}
