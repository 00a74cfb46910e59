package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A run by a plan that a resident process hands over: bin/velo is the launcher then. */
class ClientRunIT {
    private static final String SECRET = "VELO_SECRET=e8f6c1a09b";

    @RegisterExtension
    final Workspace work = new Workspace();

    private FakeResident fake;
    private CaughtPlans plans;

    @BeforeEach
    void build() {
        fake = new FakeResident(work);
        plans = CaughtPlans.of(work);
    }

    @AfterEach
    void end() {
        fake.close();
    }

    /** The client, whose resident process has a plan of a run of this script. A plan is good once. */
    private Command planned(String script) {
        fake.kill();
        fake.plays(plans.plan(List.of(), script));
        String[] secret = SECRET.split("=");
        return fake.command("run", "--isolate", "secret-argument-" + secret[1]).with(secret[0], secret[1]);
    }

    private boolean isLocked() {
        return !work.command(List.of("flock", "-n", plans.lock().toString(), "true"))
                .tryRun();
    }

    @Test
    void streamsAndStatusAreThePrograms() throws IOException {
        Outcome outcome =
                planned("cat; echo err >&2; exit 7").reading("in\n").run().exits(7);
        assertThat(outcome.out()).isEqualTo("in\n");
        assertThat(outcome.err()).isEqualTo("err\n");
        planned("kill -9 $$").run().exits(137);
        try (var leases = Files.list(work.store().resolve("leases"))) {
            assertThat(leases).as("run directories").isEmpty();
        }
    }

    /** The program gets SIGPIPE as it would without the warning. */
    @Test
    void aWarningMayComeBeforeAPlanAndResultsMayNot() {
        String script = "(trap '' EXIT; yes; echo \"yes ended with $?\" >&2) | head -n 1; echo done";
        Command command = planned(script);
        String plan = fake.part() + " ";
        fake.plays(plan + fake.file(FakeResident.text(FakeResident.ERR, "velo: warning: slow\n")));
        Outcome outcome = command.run().succeeds();
        assertThat(outcome.out()).isEqualTo("y\ndone\n");
        assertThat(outcome.err()).isEqualTo("velo: warning: slow\nyes ended with 141\n");
        command = planned(script);
        fake.plays(plan + fake.file(FakeResident.text(FakeResident.OUT, "result\n")));
        command.run().refuses(125, "cannot finish the command");
    }

    @Test
    void signalsReachTheProgramAndTheLockStays() {
        Command.Running run = planned("trap 'echo got; exit 9' TERM; echo ready; while :; do sleep 0.1; done")
                .start()
                .says("ready");
        fake.kill();
        Command.pause(200);
        assertThat(run.process().isAlive())
                .as("a run whose resident process was killed")
                .isTrue();
        assertThat(isLocked()).as("the lease of a run").isTrue();
        Outcome outcome = run.signal("TERM").await().exits(9);
        assertThat(outcome.out()).isEqualTo("ready\ngot\n");
        assertThat(isLocked()).as("the lease afterwards").isFalse();
    }

    @Test
    void killingItKillsTheRun() {
        Command.Running run = planned("echo ready; exec sleep 60").start().says("ready");
        ProcessHandle payload = ProcessHandle.of(Payloads.of(run)).orElseThrow();
        run.signal("KILL").await();
        for (int i = 0; i < 200 && payload.isAlive(); i++) {
            Command.pause(10);
        }
        assertThat(payload.isAlive()).isFalse();
        assertThat(isLocked()).isFalse();
    }

    @Test
    void insideNothingTellsOfTheCaller() {
        Outcome outcome = planned("tr '\\0' '|' </proc/1/cmdline; echo; cat /proc/1/comm; ls /proc/self/fd | wc -l;"
                        + " cat /proc/1/environ 2>/dev/null || echo denied; env")
                .run()
                .succeeds();
        assertThat(outcome.out())
                .startsWith("velo-launch|\nvelo-launch\n4\ndenied\n")
                .doesNotContain("secret", "SECRET", "VELO_DAEMON");
    }

    /** As one that Java has become; the program's own limit stands in the plan. */
    @Test
    void theLauncherMayOpenAsMuchAsTheHostLets() throws IOException {
        Command planned = planned("echo ready; exec sleep 60");
        List<String> argv = new ArrayList<>(List.of("bash", "-c", "ulimit -Sn 64; exec \"$@\"", "test"));
        argv.addAll(planned.argv());
        Command.Running run = fake.asked(work.command(argv)).start().says("ready");
        try {
            String limits = Files.readString(Path.of("/proc/" + run.process().pid() + "/limits"));
            String[] files = limits.lines()
                    .filter(line -> line.startsWith("Max open files"))
                    .findFirst()
                    .orElseThrow()
                    .split(" {2,}");
            assertThat(files[1]).isEqualTo(files[2]).isNotEqualTo("64");
        } finally {
            run.signal("KILL").await();
        }
    }

    /** Not in its memory either, of which init is a copy. */
    @Test
    void theLauncherHasForgottenTheCaller() throws IOException {
        Command.Running run = planned("echo ready; exec sleep 60").start().says("ready");
        long launcher = run.process().pid();
        try {
            assertThat(Files.readString(Path.of("/proc/" + launcher + "/cmdline")))
                    .isEqualTo("velo-launch\0");
            assertThat(new String(
                            Files.readAllBytes(Path.of("/proc/" + launcher + "/environ")), StandardCharsets.ISO_8859_1))
                    .matches("(?s)\0*");
            List<Long> processes = new ArrayList<>(List.of(launcher));
            if (Host.isRoot()) {
                // Nobody else may look into init.
                processes.add(ProcessHandle.of(launcher)
                        .orElseThrow()
                        .children()
                        .findFirst()
                        .orElseThrow()
                        .pid());
            }
            for (long process : processes) {
                String memory = memory(process);
                assertThat(memory.contains("velo-launch"))
                        .as("what is known to be there")
                        .isTrue();
                for (String text : List.of(
                        SECRET.split("=")[1],
                        "VELO_SECRET",
                        "secret-argument",
                        fake.home().toString())) {
                    assertThat(memory.contains(text))
                            .as(text + " in process " + process)
                            .isFalse();
                }
            }
        } finally {
            run.signal("KILL").await();
        }
    }

    /** All that it may write to. */
    private static String memory(long process) throws IOException {
        StringBuilder all = new StringBuilder();
        try (RandomAccessFile memory = new RandomAccessFile("/proc/" + process + "/mem", "r")) {
            for (String line : Files.readAllLines(Path.of("/proc/" + process + "/maps"))) {
                String[] words = line.split(" +");
                if (words[1].startsWith("rw")) {
                    String[] ends = words[0].split("-");
                    long begin = Long.parseUnsignedLong(ends[0], 16);
                    byte[] bytes = new byte[(int) (Long.parseUnsignedLong(ends[1], 16) - begin)];
                    memory.seek(begin);
                    memory.readFully(bytes);
                    all.append(new String(bytes, StandardCharsets.ISO_8859_1));
                }
            }
        }
        return all.toString();
    }
}
