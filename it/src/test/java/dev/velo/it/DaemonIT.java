package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Commands that the resident process does are as those of a process of their own; and whatever becomes of it, no run is lost. */
class DaemonIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private Daemon daemon;

    @BeforeEach
    void prepare() {
        daemon = new Daemon(work);
        work.base();
    }

    @AfterEach
    void end() {
        daemon.close();
    }

    private static void areTheSame(Outcome warm, Outcome cold) {
        assertThat(List.of(warm.exit(), warm.out(), warm.err()))
                .isEqualTo(List.of(cold.exit(), cold.out(), cold.err()));
    }

    private long requests() {
        return daemon.status().get("requests").getAsLong();
    }

    private int leases() {
        try (Stream<Path> all = Files.list(work.store().resolve("leases"))) {
            return (int) all.count();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aRunIsTheSameAsACold() throws IOException {
        daemon.start();
        Path record = work.dir("records");
        List<List<String>> scripts = List.of(
                List.of("cat; echo err >&2; exit 7"),
                List.of("kill -9 $$"),
                List.of("env; id; pwd; umask; ulimit -n; ls /proc/self/fd; cat /proc/1/cmdline; hostname; ls /"));
        for (List<String> script : scripts) {
            List<String> options =
                    List.of("--manifest", work.base().toString(), "--env", "A=b", "--pass-env", "LC_ALL", "--result");
            Outcome cold = run(options, record.resolve("cold"), script.get(0), false);
            Outcome warm = run(options, record.resolve("warm"), script.get(0), true);
            areTheSame(warm, cold);
            assertThat(keys(record.resolve("warm"))).isEqualTo(keys(record.resolve("cold")));
            assertThat(exitOf(record.resolve("warm"))).isEqualTo(exitOf(record.resolve("cold")));
        }
        assertThat(requests()).as("they were planned by it").isEqualTo(3);
        assertThat(leases()).isZero();
    }

    private Outcome run(List<String> options, Path record, String script, boolean resident) {
        List<String> all = new ArrayList<>(options);
        all.add(record.toString());
        Command command = work.isolated(all, "/bin/sh", "-c", script).with("LC_ALL", "de_DE");
        return (resident ? daemon.asked(command).with("VRIFT_DEBUG", null) : command)
                .reading("in\n")
                .run();
    }

    private static List<String> keys(Path record) throws IOException {
        return List.copyOf(com.google.gson.JsonParser.parseString(Files.readString(record))
                .getAsJsonObject()
                .keySet());
    }

    private static String exitOf(Path record) throws IOException {
        JsonObject all =
                com.google.gson.JsonParser.parseString(Files.readString(record)).getAsJsonObject();
        return String.valueOf(all.get("exit")) + all.get("signal");
    }

    @Test
    void otherCommandsAreTheSame() {
        daemon.start();
        String base = work.base().toString();
        List<List<String>> commands = List.of(
                List.of("inspect", base),
                List.of("inspect", "nothing"),
                List.of("diff", base, base),
                List.of("cat", base, "bin/busybox"),
                List.of("cat", base, "nothing"),
                List.of("roots"),
                List.of("doctor"),
                List.of("--version"),
                List.of("help"),
                List.of("help", "run"),
                List.of("run"),
                List.of("run", "--isolate", "--manifest", base, "--profile", "none", "--", "x"),
                List.of("status", "--manifest", "nothing"),
                List.of("no-such-command"));
        int served = 0;
        for (List<String> command : commands) {
            String[] words = command.toArray(String[]::new);
            areTheSame(
                    daemon.velo(words).with("VRIFT_DEBUG", null).run(),
                    work.velo(words).run());
            served += command.get(0).startsWith("no-such") ? 0 : 1;
        }
        assertThat(requests()).isEqualTo(served);
        assertThat(daemon.velo("status").run().succeeds().out())
                .contains("process " + daemon.process().pid());
        assertThat(daemon.velo("status", "--json")
                        .run()
                        .succeeds()
                        .json()
                        .get("resident")
                        .getAsBoolean())
                .isTrue();
        // What takes long or reads has a process of its own.
        assertThat(daemon.velo("gc").run().succeeds().err()).contains("not by the resident process");
    }

    @Test
    void itIsStartedShownAndEnded() {
        assertThat(daemon.velo("daemon", "status").run().exits(1).out())
                .startsWith("no resident process works on store");
        assertThat(daemon.velo("daemon", "stop").run().succeeds().out())
                .startsWith("no resident process works on store");
        assertThat(daemon.velo("daemon", "start", "--no-daemon").run().exit()).isNotZero();
        // These are about it, whether other commands use it or not.
        work.velo("daemon", "start")
                .with("XDG_RUNTIME_DIR", daemon.runtime().toString())
                .run()
                .prints("");
        ProcessHandle process = daemon.process();
        assertThat(daemon.start()).as("one is enough").isEqualTo(process);
        assertThat(daemon.velo("daemon", "status").run().succeeds().out())
                .matches("pid " + process.pid() + ", build [0-9a-f]{32}, store " + work.store()
                        + ", since \\S+, requests 0, idle [0-9]+ s\n");
        work.velo("daemon", "stop")
                .with("XDG_RUNTIME_DIR", daemon.runtime().toString())
                .run()
                .prints("");
        assertThat(daemon.files(".sock")).as("at once").isEmpty();
        assertThat(daemon.isThere()).isFalse();
        Daemon.until("its end", () -> !process.isAlive());
        assertThat(daemon.start()).isNotEqualTo(process);
    }

    @Test
    void itIsNobodysChildAndHoldsNothingOfItsStarter() throws IOException {
        ProcessHandle process = daemon.start();
        Path facts = Path.of("/proc/" + process.pid());
        assertThat(Files.readSymbolicLink(facts.resolve("cwd"))).isEqualTo(Path.of("/"));
        assertThat(Files.readString(facts.resolve("status"))).contains("Umask:\t0000");
        assertThat(Files.readString(facts.resolve("environ"))).doesNotContain("VELO_DAEMON");
        assertThat(Files.readSymbolicLink(facts.resolve("fd/3")).toString()).endsWith(".lock");
        assertThat(Files.getPosixFilePermissions(daemon.socket())).hasSize(2);
    }

    @Test
    void runsOutliveIt() {
        ProcessHandle process = daemon.start();
        Command.Running run = daemon.isolated(
                        "/bin/sh", "-c", "trap 'echo got; exit 9' TERM; echo ready; while :; do sleep 0.1; done")
                .start()
                .says("ready");
        process.destroyForcibly();
        process.onExit().join();
        Command.pause(300);
        assertThat(run.process().isAlive()).isTrue();
        work.velo("gc", "--run").run().succeeds();
        assertThat(leases()).as("its own").isEqualTo(1);
        assertThat(run.signal("TERM").await().exits(9).out()).isEqualTo("ready\ngot\n");
        assertThat(leases()).isZero();
    }

    @Test
    void killingItLosesNoRun() {
        daemon.start();
        List<Command.Running> runs = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            runs.add(daemon.isolated("/bin/echo", "run " + i).start());
            if (i % 12 == 7) {
                // In the middle of some.
                kill();
            }
            if (i >= 10) {
                isWhole(runs, i - 10);
            }
        }
        for (int i = 90; i < 100; i++) {
            isWhole(runs, i);
        }
        work.velo("status").run().succeeds();
        assertThat(leases()).isZero();
    }

    private static void isWhole(List<Command.Running> runs, int number) {
        assertThat(runs.get(number).await().succeeds().out()).isEqualTo("run " + number + "\n");
    }

    private void kill() {
        for (ProcessHandle each : ProcessHandle.allProcesses().toList()) {
            try {
                if (Files.readSymbolicLink(Path.of("/proc/" + each.pid() + "/fd/3"))
                                .startsWith(daemon.runtime())
                        && Files.readString(Path.of("/proc/" + each.pid() + "/cmdline"))
                                .contains("serve")) {
                    each.destroyForcibly();
                }
            } catch (IOException e) {
                // One of somebody else, or one that has ended.
                continue;
            }
        }
    }

    @Test
    void aClientThatIsKilledEndsItsRunAndLeavesNoLease() {
        daemon.start();
        Command.Running run =
                daemon.isolated("/bin/sh", "-c", "echo ready; sleep 60").start().says("ready");
        assertThat(leases()).isEqualTo(1);
        ProcessHandle payload = ProcessHandle.of(Payloads.of(run)).orElseThrow();
        run.signal("KILL").await();
        Daemon.until("the end of the program", () -> !payload.isAlive());
        Daemon.until("the end of the lease, though nobody asks for anything", () -> leases() == 0);
    }

    @Test
    void manyAtOnce() {
        daemon.start();
        List<Command.Running> runs = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            runs.add(daemon.isolated("/bin/echo", "run " + i).start());
        }
        for (int i = 0; i < runs.size(); i++) {
            runs.get(i).await().prints("run " + i + "\n");
        }
        assertThat(requests()).isEqualTo(50);
        assertThat(leases()).isZero();
    }

    @Test
    void aStoreHasItsOwn() {
        Path other = work.dir("other");
        ProcessHandle first = daemon.start();
        daemon.velo("daemon", "start", "--store", other.toString()).run().prints("");
        assertThat(daemon.files(".sock")).hasSize(2);
        JsonObject second = daemon.velo("daemon", "status", "--json", "--store=" + other)
                .run()
                .succeeds()
                .json();
        assertThat(second.get("pid").getAsLong()).isNotEqualTo(first.pid());
        assertThat(second.get("store").getAsString()).isEqualTo(other.toString());
        daemon.velo("daemon", "stop").run().prints("");
        assertThat(daemon.isThere()).isFalse();
        daemon.velo("daemon", "status", "--store", other.toString()).run().succeeds();
    }

    /** Those in which a store is made are the ones that are the caller's. */
    @Test
    void itMakesDirectoriesByTheUmaskOfItsCaller() throws IOException {
        for (String umask : List.of("027", "000")) {
            Path place = work.dir("place");
            String store = place.resolve("parent/store").toString();
            daemon.velo("daemon", "start", "--store", store).run().prints("");
            List<String> argv = new ArrayList<>(List.of("bash", "-c", "umask " + umask + "; exec \"$@\"", "test"));
            argv.addAll(work.isolated(
                            List.of("--store", store, "--manifest", work.base().toString()), "/bin/true")
                    .argv());
            daemon.asked(work.command(argv)).run().exits(125);
            assertThat(daemon.velo("daemon", "status", "--json", "--store", store)
                            .run()
                            .json()
                            .get("requests")
                            .getAsInt())
                    .isEqualTo(1);
            int mode = (Integer) Files.getAttribute(place.resolve("parent"), "unix:mode") & 0777;
            assertThat(mode).isEqualTo(0777 & ~Integer.parseInt(umask, 8));
        }
    }
}
