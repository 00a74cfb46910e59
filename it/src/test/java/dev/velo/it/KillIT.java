package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** SIGKILL at any moment: what it leaves, the next start clears away. */
class KillIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final String MARK = "765432198";

    @Test
    void fiftyKilledRunsLeaveNothing() throws Exception {
        Path app = work.ingest(work.tree("for i in $(seq 100); do echo $i >f$i; done"));
        long began = System.nanoTime();
        work.inside(app, "true").run().succeeds();
        int whole = (int) ((System.nanoTime() - began) / 1_000_000);

        Random random = new Random(50);
        for (int i = 0; i < 50; i++) {
            // Some kills come before the JVM has started, some when the payload has long been running.
            var run = work.inside(app, "echo x >/f1; rm -rf /etc; sleep " + MARK + " & sleep " + MARK)
                    .start();
            Command.pause(random.nextInt(whole * 5 / 4 + 1));
            run.process().destroyForcibly().waitFor();
        }
        work.inside(app, "cat /f1").run().prints("1\n");
        nothingIsLeft();
        work.velo("verify").run().succeeds();
    }

    @Test
    void aNormalEndLeavesNothingEither() throws Exception {
        Path app = work.ingest(work.tree("echo x >x"));
        work.inside(app, "mkdir -p /a/b/c; rm -rf /etc; echo x >/a/b/c/d; chmod 000 /a/b; sleep " + MARK + " & exit 3")
                .run()
                .exits(3);
        nothingIsLeft();
    }

    /** What a payload made must go, however deep, with few descriptors, at the end of its run and after a kill. */
    @Test
    void aTreeDeeperThanThereAreDescriptorsGoes() throws Exception {
        Path app = work.ingest(work.tree("echo x >x"));
        String deep = "i=0; while [ $i -lt 1500 ]; do mkdir d && cd d || exit 9; echo x >f; i=$((i+1)); done; ";
        List<String> limited = List.of("bash", "-c", "ulimit -n 256; exec \"$0\" \"$@\"", Workspace.VELO.toString());
        List<String> run = new java.util.ArrayList<>(limited);
        run.addAll(List.of("run", "--isolate", "--base", work.base().toString(), "--manifest", app.toString(), "--"));
        run.addAll(List.of("/bin/sh", "-c"));
        List<String> whole = new java.util.ArrayList<>(run);
        whole.add(deep + "echo made");
        work.command(whole).run().prints("made\n");
        nothingIsLeft();

        List<String> killed = new java.util.ArrayList<>(run);
        killed.add(deep + "echo made; sleep " + MARK);
        var running = work.command(killed).start().says("made");
        running.process().destroyForcibly().waitFor();
        List<String> status = new java.util.ArrayList<>(limited);
        status.add("status");
        work.command(status).run().succeeds();
        nothingIsLeft();
    }

    @Test
    void killedIngestsLoseNothing() throws Exception {
        Path tree = work.tree("for i in $(seq 3000); do echo \"content $i\" >f$i; done");
        Path manifest = work.dir("m").resolve("m.velo");
        List<String> argv =
                List.of(Workspace.VELO.toString(), "ingest", tree.toString(), "--output", manifest.toString());
        Random random = new Random(20);
        for (int i = 0; i < 20; i++) {
            var ingest = work.command(argv).start();
            Command.pause(random.nextInt(2000));
            ingest.process().destroyForcibly().waitFor();
            if (Files.exists(manifest)) {
                work.velo("verify", "--manifest", manifest.toString()).run().succeeds();
                Files.delete(manifest);
            }
        }
        work.command(argv).run().succeeds();
        try (Stream<Path> beside = Files.list(manifest.getParent())) {
            assertThat(beside).as("manifests that were half written are gone").containsExactly(manifest);
        }
        work.velo("verify").run().succeeds();
        nothingIsLeft();
    }

    private static void nothingIsLeft() throws IOException {
        String processes = processes();
        for (int i = 0; i < 50 && !processes.isEmpty(); i++) {
            // A killed process is gone a moment after its killer has been told so.
            Command.pause(100);
            processes = processes();
        }
        assertThat(processes)
                .as("processes that run, mount or hold something of the store")
                .isEmpty();
        try (Stream<Path> leases = Files.list(work.store().resolve("leases"))) {
            assertThat(leases).as("leases and run directories").isEmpty();
        }
    }

    /** The processes that have the mark in their command line, or the store in a descriptor or a mount. */
    private static String processes() {
        return work.sh(Path.of("/"), """
                        set +o pipefail
                        for p in /proc/[0-9]*; do
                          if { tr '\\0' ' ' <$p/cmdline; readlink $p/fd/* $p/cwd; cat $p/mountinfo; } 2>/dev/null | grep -F -e "$1" -e "$2" >/dev/null; then
                            echo "$p $(tr '\\0\\n' '  ' 2>/dev/null <$p/cmdline)"
                          fi
                        done
                        """, work.store() + "/", "sleep " + MARK)
                .out()
                .lines()
                // The search finds itself.
                .filter(line -> !line.contains("set +o pipefail") && !line.contains(" grep -F "))
                .reduce("", (all, line) -> all + line + "\n");
    }

    @Test
    void theSearchFindsARunThatLives() {
        var run = work.isolated("/bin/sh", "-c", "echo ready; sleep " + MARK + " & wait")
                .start()
                .says("ready");
        try {
            assertThat(processes()).contains("sleep " + MARK);
            assertThat(work.store().resolve("leases")).isNotEmptyDirectory();
        } finally {
            run.signal("TERM").process().destroyForcibly();
        }
    }
}
