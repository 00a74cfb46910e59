package dev.velo.it;

import static dev.velo.it.FakeResident.isCold;
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

/** The sandbox that bin/velo begins, as an ordinary user, while a resident process still plans its run. */
class EarlySandboxIT {
    private static final String SECRET = "7ad1c20be4";
    private static final String LATER = "later 700 ";
    private static final String SLEEP = "echo ready; exec sleep 60";

    @RegisterExtension
    final Workspace work = new Workspace();

    private FakeResident fake;
    private CaughtPlans plans;

    @BeforeEach
    void build() {
        fake = new FakeResident(work);
        plans = CaughtPlans.ofAnOrdinaryUser(work);
    }

    @AfterEach
    void end() {
        fake.close();
    }

    /** A run that the resident process answers so. */
    private Command.Running started(String part, String... options) {
        fake.kill();
        fake.plays(part);
        return client("run", options).start();
    }

    private String frames(byte[]... frames) {
        Path file = fake.file(frames);
        work.sh(fake.home(), "chmod 644 \"$1\"", file);
        return "frames " + file;
    }

    private Command client(String command, String... options) {
        List<String> argv = new ArrayList<>(List.of(fake.client().toString(), command, "--isolate"));
        argv.addAll(List.of(options));
        argv.add("secret-argument-" + SECRET);
        return fake.asked(work.command(plans.asUser(argv)))
                .with("VELO_SECRET", SECRET)
                .in(fake.home());
    }

    private static List<Long> sandboxes(Command.Running run) {
        return ProcessHandle.of(run.process().pid()).stream()
                .flatMap(ProcessHandle::children)
                .map(ProcessHandle::pid)
                .filter(EarlySandboxIT::isSandbox)
                .toList();
    }

    /** Init of a sandbox that has been begun. */
    private static long begun(Command.Running run) {
        for (int i = 0; i < 600; i++) {
            List<Long> sandboxes = sandboxes(run);
            if (!sandboxes.isEmpty()) {
                return sandboxes.get(0);
            }
            Command.pause(1);
        }
        throw new AssertionError("no sandbox was begun");
    }

    private static String namespace(String process, String kind) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + process + "/ns/" + kind))
                    .toString();
        } catch (IOException e) {
            return "";
        }
    }

    private static boolean isSandbox(long process) {
        String[] own = {namespace("self", "pid"), namespace(Long.toString(process), "pid")};
        return !own[1].isEmpty() && !own[0].equals(own[1]);
    }

    private static void isGone(long process) {
        for (int i = 0; i < 300 && Files.exists(Path.of("/proc/" + process)); i++) {
            Command.pause(10);
        }
        assertThat(Path.of("/proc/" + process)).as("init of an early sandbox").doesNotExist();
    }

    /** An ordinary user cannot see of what namespaces it is, since it may not be dumped. */
    private static long init(Command.Running run) {
        List<Long> children = ProcessHandle.of(run.process().pid()).stream()
                .flatMap(ProcessHandle::children)
                .map(ProcessHandle::pid)
                .toList();
        assertThat(children).as("children of the launcher").hasSize(1);
        return children.get(0);
    }

    @Test
    void itBecomesTheSandboxOfTheRun() {
        Command.Running run = started(LATER + plans.plan(List.of(), SLEEP));
        long early = begun(run);
        run.says("ready");
        assertThat(init(run)).isEqualTo(early);
        run.signal("KILL").await();
        isGone(early);
    }

    @Test
    void insideNothingShowsThatItWasEarly() {
        String script =
                "ls /proc/self/fd | wc -l; echo $$; ps >/tmp/ps; wc -l </tmp/ps; ls /sys 2>&1; ls -A /dev | tr '\\n' ' '; wc -l </proc/mounts;"
                        + " ip link 2>/dev/null | grep -c UP; tr '\\0' '|' </proc/1/cmdline; cat /proc/self/limits /proc/1/comm; id; umask;"
                        + " hostname; pwd; grep Sig /proc/self/status; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups";
        Command.Running early = started(LATER + plans.plan(List.of(), script));
        begun(early);
        String after = early.await().succeeds().out();
        fake.kill();
        // A word that the client takes for an option of a run that an early sandbox does not fit.
        Command.Running late = started(LATER + plans.plan(List.of(), script), "--net");
        for (int i = 0; i < 30; i++) {
            assertThat(sandboxes(late)).isEmpty();
            Command.pause(10);
        }
        assertThat(after).isEqualTo(late.await().succeeds().out());
    }

    @Test
    void itIsGoneBeforeJavaStarts() throws IOException {
        work.sh(fake.home(), """
                sed -i 's,^echo cold,cat /proc/$$/limits >$here/limits; echo cold,' libexec/velo-jvm
                """);
        String limits = work.sh(fake.home(), "exec cat /proc/self/limits").out();
        for (int answer : List.of(FakeResident.DECLINE, FakeResident.OTHER)) {
            Command.Running run = started(LATER + frames(FakeResident.text(answer, "")));
            long early = begun(run);
            isCold(run.await());
            isGone(early);
            assertThat(fake.home().resolve("limits")).hasContent(limits);
        }
    }

    @Test
    void itIsGoneWithAnExitStatus() {
        Command.Running run = started(LATER
                + frames(
                        FakeResident.text(FakeResident.OUT, "out\n"),
                        FakeResident.text(FakeResident.ERR, "err\n"),
                        FakeResident.exit(3)));
        long early = begun(run);
        FakeResident.isServed(run.await());
        isGone(early);
    }

    @Test
    void itIsGoneWithAPeerThatIsKilled() {
        Command.Running run = started("silent");
        long early = begun(run);
        fake.kill();
        isCold(run.await(), "it does not answer");
        isGone(early);
    }

    @Test
    void aKilledClientTakesItAlong() {
        Command.Running run = started("silent");
        long early = begun(run);
        String mounts = namespace(Long.toString(early), "mnt");
        assertThat(mounts).isNotEmpty().isNotEqualTo(namespace("self", "mnt"));
        run.signal("KILL").await();
        isGone(early);
        assertThat(ProcessHandle.allProcesses().map(process -> namespace(Long.toString(process.pid()), "mnt")))
                .doesNotContain(mounts);
    }

    @Test
    void aPlanThatItDoesNotFitGetsAnotherOne() {
        String own = namespace("self", "net");
        String network = "readlink /proc/self/ns/net; ";
        Command.Running host = started(LATER + plans.plan(List.of("--net", "host"), network + SLEEP));
        long early = begun(host);
        host.says("ready");
        assertThat(host.outputSoFar()).startsWith(own);
        assertThat(init(host)).isNotEqualTo(early);
        isGone(early);
        host.signal("KILL").await();
        Command.Running counted = started(LATER + plans.plan(List.of("--max-output", "1M"), network + SLEEP));
        early = begun(counted);
        counted.says("ready");
        assertThat(counted.outputSoFar()).startsWith("net:").doesNotContain(own);
        assertThat(init(counted)).isNotEqualTo(early);
        isGone(early);
        counted.signal("KILL").await();
    }

    /** What init does not take over from the supervisor it is told. */
    @Test
    void limitsAreThoseOfThePlan() {
        String script = "ulimit -u; ulimit -f; ulimit -n; " + SLEEP;
        Command.Running run = started(LATER + plans.plan(List.of("--pids", "20", "--file-size", "1M"), script));
        long early = begun(run);
        run.says("ready");
        assertThat(init(run)).isEqualTo(early);
        assertThat(run.outputSoFar().lines().limit(2)).containsExactly("21", "2048");
        run.signal("KILL").await();
    }

    /** Without a network namespace there is none, and that is told once, by the ordinary way. */
    @Test
    void whatGoesWrongEarlyIsToldOnce() {
        assertThat(started(plans.plan(List.of(), "echo inside"))
                        .await()
                        .succeeds()
                        .out())
                .isEqualTo("inside\n");
        fake.kill();
        fake.plays(LATER + plans.plan(List.of(), "echo inside"));
        List<String> argv = new ArrayList<>(List.of(
                "unshare",
                "-U",
                "-c",
                "--keep-caps",
                "bash",
                "-c",
                """
                echo 0 >/proc/sys/user/max_net_namespaces && exec setpriv --ambient-caps=-all --inh-caps=-all "$@"
                """,
                "test",
                fake.client().toString(),
                "run",
                "--isolate"));
        Outcome outcome = fake.asked(work.command(plans.asUser(argv)))
                .in(fake.home())
                .run()
                .refuses(125, "cannot make a namespace");
        assertThat(outcome.err().lines()).as(outcome.toString()).hasSize(1);
    }

    /** Of which it was a copy. */
    @Test
    void itHasForgottenTheCaller() throws IOException {
        Host.needsRoot("nobody else may look into init");
        Command.Running run = started(LATER + plans.plan(List.of(), SLEEP));
        long early = begun(run);
        Command.pause(200);
        knowsNothing(early);
        run.says("ready");
        assertThat(init(run)).isEqualTo(early);
        knowsNothing(early);
        assertThat(Files.readString(Path.of("/proc/" + early + "/cmdline"))).isEqualTo("velo-launch\0");
        run.signal("KILL").await();
    }

    private void knowsNothing(long process) throws IOException {
        String memory = memory(process);
        assertThat(memory.contains("velo-launch"))
                .as("what is known to be there")
                .isTrue();
        for (String text : List.of(
                SECRET,
                "VELO_SECRET",
                "secret-argument",
                fake.home().toString(),
                fake.runtime().toString())) {
            assertThat(memory.contains(text)).as(text).isFalse();
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
