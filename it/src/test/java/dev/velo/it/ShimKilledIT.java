package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * SIGKILL while four processes write, sync, close and rename: what was closed is in the result of a run that ends, and of one that does not, the next start
 * removes all. Four rounds each; scripts/crowd.sh --kill asks for more.
 */
class ShimKilledIT {
    private static final int ROUNDS = Integer.getInteger("velo.rounds", 4);
    private static final Path WRITER =
            Workspace.REPOSITORY.resolve("it/target/test-classes/shim-programs/py/until_killed.py");

    /** To be told: the process that velo starts, and the writers. */
    private static final String START = """
            echo program $$
            for i in 1 2 5 7; do /usr/bin/python3 "$W" $i "$L" & echo writer $!; done
            """;

    @RegisterExtension
    static final Workspace work = new Workspace();

    private static Path manifest;
    private final Random random = new Random(137);

    @BeforeAll
    static void needs() {
        Host.needsTool("python3");
        manifest = work.ingest(work.tree("mkdir data; for i in 1 2 5 7; do seq $((i * 1000)) >data/n$i.txt; done"));
    }

    private static Command run(Path output, Path log, String script) {
        return work.velo(
                        "run",
                        "--manifest",
                        manifest.toString(),
                        "--output",
                        output.toString(),
                        "--",
                        "/bin/bash",
                        "-c",
                        script)
                .with("T", "/vrift")
                .with("W", WRITER.toString())
                .with("L", log.toString());
    }

    private static Path emptyLog() throws IOException {
        return Files.createFile(work.dir("log").resolve("log"));
    }

    /** What the writers have noted as closed has that content in the result, and they have noted something. */
    private static void holdsWhatWasClosed(Path output, Path log) throws IOException {
        Path exported = work.dir("exported").resolve("tree");
        work.velo("export", output.toString(), exported.toString()).run().succeeds();
        assertThat(Files.size(log)).isPositive();
        work.sh(exported, """
                sed "s#  /vrift/#  $PWD/#" "$1" >../log
                sha256sum --quiet -c ../log >&2
                for i in 1 2 5 7; do head -n $((i * 1000)) data/n$i.txt | cmp - <(seq $((i * 1000))) >&2; done
                """, log);
        work.sh(Path.of("/"), "rm -rf \"$1\"", exported);
    }

    /** Emptying the trash may go on behind the end of the command. */
    private static void nothingIsLeft() {
        work.velo("status").run().succeeds();
        Daemon.until("nothing is left of the run", () -> {
            try (Stream<Path> leases = Files.list(work.store().resolve("leases"));
                    Stream<Path> trash = Files.list(work.store().resolve("trash"))) {
                return leases.findAny().isEmpty() && trash.findAny().isEmpty();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static void writeSomething(Path log) {
        Daemon.until("the writers have closed some files", () -> {
            try {
                return Files.size(log) > 3000;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static List<String> told(String who, Command.Running running) {
        return running.outputSoFar()
                .lines()
                .filter(line -> line.startsWith(who + " "))
                .map(line -> line.substring(who.length() + 1))
                .toList();
    }

    private static void kill(String process) {
        work.sh(Path.of("/"), "kill -9 $1", process);
    }

    @Test
    void whatWasClosedIsInTheResultWhenWritersAreKilled() throws IOException {
        Path log = emptyLog();
        Path output = work.dir("output").resolve("o.velo");
        run(output, log, """
                for round in $(seq %d); do
                  writers=()
                  size=$(stat -c %%s "$L")
                  for i in 1 2 5 7; do
                    /usr/bin/python3 "$W" $i "$L" &
                    writers+=($!)
                  done
                  while [ $(stat -c %%s "$L") -lt $((size + 3000)) ]; do sleep 0.02; done
                  for writer in "${writers[@]}"; do
                    sleep 0.0$((RANDOM %% 10))
                    kill -9 "$writer"
                  done
                  wait
                  timeout 20 sh -c 'cd /vrift; mkdir d && echo x >d/f && mv d e && echo y >>data/new && rm -r e && ls written/* >/dev/null' || exit 9
                done 2>/dev/null
                """.formatted(ROUNDS))
                .within(Duration.ofSeconds(60 + 15L * ROUNDS))
                .run()
                .succeeds();
        holdsWhatWasClosed(output, log);
        nothingIsLeft();
        work.velo("verify").run().succeeds();
    }

    /** A run that ends as its program does, by a signal: its writers are ended with it, at any moment. */
    @Test
    void whatWasClosedIsInTheResultWhenTheProgramIsKilled() throws IOException {
        for (int round = 0; round < ROUNDS; round++) {
            Path log = emptyLog();
            Path output = work.dir("output").resolve("o.velo");
            Command.Running running = run(output, log, START + "wait").start();
            writeSomething(log);
            Command.pause(random.nextInt(300));
            kill(told("program", running).get(0));
            running.await().exits(137);
            holdsWhatWasClosed(output, log);
            nothingIsLeft();
        }
        work.velo("verify").run().succeeds();
    }

    /** Its program's children go on until the next start has removed the directory of the run (docs/security.md). */
    @Test
    void aRunThatIsKilledLeavesNothingToTheNext() throws IOException {
        for (int round = 0; round < ROUNDS; round++) {
            Path log = emptyLog();
            Path output = work.dir("output").resolve("o.velo");
            Command.Running running = run(output, log, START + "wait").start();
            List<String> writers = List.of();
            if (round % 4 != 3) {
                writeSomething(log);
                writers = told("writer", running);
                assertThat(writers).hasSize(4);
            }
            Command.pause(random.nextInt(300));
            running.signal("KILL").await().exits(137);
            assertThat(output).doesNotExist();
            nothingIsLeft();
            for (String writer : writers) {
                Path process = Path.of("/proc", writer, "exe");
                Daemon.until("the writer ends by itself: " + writer, () -> !Files.exists(process));
            }
            nothingIsLeft();
        }
        run(work.dir("output").resolve("o.velo"), emptyLog(), "cat /vrift/data/n1.txt | wc -l; ls /vrift")
                .run()
                .prints("1000\ndata\n");
        work.velo("verify").run().succeeds();
    }
}
