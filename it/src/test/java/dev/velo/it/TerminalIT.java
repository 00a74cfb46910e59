package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code --tty}, seen from both ends: terminal.c is the terminal, its user and the shell outside, and the attacker inside. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TerminalIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final String INTERRUPT = "\u0003";
    private static final String SUSPEND = "\u001a";

    private Path program;
    private Path manifest;

    @BeforeAll
    void build() {
        Path tree = work.tree("");
        program = work.program(tree, "terminal");
        manifest = work.ingest(tree);
    }

    private List<String> sandbox(List<String> options, String... command) {
        List<String> argv = new ArrayList<>(List.of(Workspace.VELO.toString(), "run", "--isolate"));
        argv.addAll(List.of("--base", work.base().toString(), "--manifest", manifest.toString()));
        argv.addAll(options);
        argv.add("--");
        argv.addAll(List.of(command));
        return argv;
    }

    private List<String> shell(String script) {
        return sandbox(List.of("--tty"), "/bin/sh", "-c", script);
    }

    /** What the driver found out is in standard error, a line each. */
    private Outcome drive(List<String> actions, List<String> command) {
        List<String> argv = new ArrayList<>(List.of(program.toString(), "drive"));
        argv.addAll(actions);
        argv.add("--");
        argv.addAll(command);
        return work.command(argv).with("TERM", "vt220").run().succeeds();
    }

    private static List<String> found(Outcome outcome) {
        return outcome.err().lines().filter(line -> !line.startsWith("outer ")).toList();
    }

    @Test
    void theStreamsAreATerminalOfItsOwn() {
        Outcome outcome = drive(
                List.of("exit", "modes:before", "group", "input"),
                shell("tty; for n in 0 1 2; do readlink /proc/self/fd/$n; done; echo to-tty >/dev/tty;"
                        + " ls -l /dev/pts/0 | cut -c1-10; echo $TERM; ls /dev/console; exit 7"));
        assertThat(outcome.out().replace("\r", ""))
                .isEqualTo("/dev/pts/0\n".repeat(4)
                        + "to-tty\ncrw--w----\nvt220\nls: /dev/console: No such file or directory\n");
        assertThat(found(outcome)).containsExactly("exit 7", "modes before", "group same", "input 0");
    }

    @Test
    void withoutTheOptionTheyAreTheCallersAndThereIsNoJobControl() {
        Outcome outcome = drive(
                List.of("exit", "modes:before", "group", "input"),
                sandbox(
                        List.of(),
                        "/bin/sh",
                        "-c",
                        "test -t 0 && test -t 1 && echo terminal; (: </dev/tty) 2>/dev/null || echo none; tty"));
        assertThat(outcome.out()).contains("terminal", "none", "not a tty");
        assertThat(found(outcome)).containsExactly("exit 1", "modes before", "group same", "input 0");
        drive(
                List.of("expect:job control turned off", "send:exit\n", "exit"),
                sandbox(List.of("--env", "PS1=# "), "/bin/sh", "-i"));
    }

    @Test
    void jobControlWorks() {
        Outcome outcome = drive(
                List.of(
                        "expect:# ",
                        "modes:raw",
                        "send:sleep 987 &\n",
                        "expect:# ",
                        "send:jobs\n",
                        "expect:Running",
                        "expect:# ",
                        "send:fg\n",
                        "expect:sleep 987\r\n",
                        "pause:200",
                        "send:" + SUSPEND,
                        "expect:Stopped",
                        "expect:# ",
                        "send:fg\n",
                        "expect:sleep 987\r\n",
                        "pause:200",
                        "send:" + INTERRUPT,
                        "expect:# ",
                        "send:jobs; echo alive-$((6*7))\n",
                        "expect:\nalive-42",
                        "send:exit 3\n",
                        "exit",
                        "modes:before",
                        "group",
                        "input"),
                sandbox(List.of("-t", "--env", "PS1=# "), "/bin/sh", "-i"));
        assertThat(found(outcome)).containsExactly("modes raw", "exit 3", "modes before", "group same", "input 0");
    }

    @Test
    void theSizeGoesInAndChanges() {
        drive(
                List.of("expect:31 77", "expect:ready", "size:40x100", "expect:40 100", "exit"),
                shell("stty size; trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.1; done"));
    }

    @Test
    void theCallersTerminalComesBackHoweverTheRunEnds() {
        List<String> sleeper = shell("echo go; exec sleep 987");
        assertThat(found(drive(List.of("expect:go", "modes:raw", "signal:15", "exit", "modes:before"), sleeper)))
                .containsExactly("modes raw", "exit 143", "modes before");
        assertThat(found(drive(
                        List.of("expect:go", "modes:raw", "exit", "modes:before"),
                        sandbox(List.of("-t", "--timeout", "1s"), "/bin/sh", "-c", "echo go; exec sleep 987"))))
                .containsExactly("modes raw", "exit 124", "modes before");
        assertThat(found(drive(List.of("exit", "modes:before"), sandbox(List.of("-t"), "/no-such"))))
                .containsExactly("exit 127", "modes before");
    }

    /** Others have that descriptor, too: whoever sets it not to block sets it for the caller's shell. */
    @Test
    void aTerminalThatCannotBeOpenedAgainIsSharedAndComesBackAsItWas() {
        List<String> actions = List.of(
                "exclusive", "expect:go", "flags", "signal:20", "stopped", "flags", "signal:18", "exit", "flags");
        List<String> command = shell("echo go; sleep 1; echo done");
        List<String> ordinary = new ArrayList<>(actions);
        ordinary.remove("exclusive");
        assertThat(found(drive(ordinary, command)))
                .containsExactly("flags same", "stopped", "flags same", "exit 0", "flags same");
        Host.needsOrdinaryUser("root may open a terminal that is in exclusive use");
        assertThat(found(drive(actions, command)))
                .containsExactly("flags changed", "stopped", "flags same", "exit 0", "flags same");
    }

    @Test
    void whenStoppedItGivesTheTerminalBackAndTakesItAgainInTheForegroundOnly() {
        Outcome outcome = drive(
                List.of(
                        "expect:# ",
                        "signal:20",
                        "stopped",
                        "modes:before",
                        "background",
                        "signal:18",
                        "pause:300",
                        "modes:before",
                        "send:typed in the background\n",
                        "stopped",
                        "foreground",
                        "modes:raw",
                        "send:\necho $((6*7))\n",
                        "expect:42",
                        "send:exit\n",
                        "exit",
                        "modes:before"),
                sandbox(List.of("-t", "--env", "PS1=# "), "/bin/sh", "-i"));
        assertThat(found(outcome))
                .containsExactly(
                        "stopped", "modes before", "modes before", "stopped", "modes raw", "exit 0", "modes before");
    }

    @Test
    void aTerminalThatIsGoneHangsUp() {
        Outcome outcome = drive(List.of("expect:go", "hangup", "exit"), shell("echo go; exec sleep 987"));
        assertThat(found(outcome)).containsExactly("exit 129");
    }

    private Map<String, String> acts(Outcome outcome) {
        return outcome.out()
                .replace("\r", "")
                .lines()
                .filter(line -> !line.isEmpty())
                .map(line -> line.split(" "))
                .collect(Collectors.toMap(line -> line[0], line -> line[1]));
    }

    /** TIOCSTI (CVE-2017-5226, CVE-2019-10063), TIOCLINUX (CVE-2023-28100), TIOCSETD, and the groups of the caller's terminal. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void nothingReachesTheCallersTerminal(boolean own) {
        List<String> look = List.of("exit", "modes:before", "group", "input");
        Outcome outcome = drive(look, sandbox(own ? List.of("--tty") : List.of(), "/terminal", "attack"));
        Map<String, String> acts = acts(outcome);
        assertThat(acts).containsEntry("open-tty9", own ? "works" : "ENXIO");
        // Its own terminal is the payload's to take.
        assertThat(acts).containsEntry("steal0", own ? "works" : "EPERM");
        assertThat(acts).containsEntry("foreground0", own ? "works" : "ENOTTY");
        acts.keySet().removeAll(List.of("open-tty9", "steal0", "foreground0"));
        assertThat(acts)
                .hasSize(own ? 16 : 12)
                .allSatisfy((act, result) -> assertThat(result).as(act).isEqualTo("EPERM"));
        assertThat(found(outcome)).containsExactly("exit 0", "modes before", "group same", "input 0");
    }

    @Test
    void withoutASandboxTheSameReachesIt() throws IOException {
        Path sysctl = Path.of("/proc/sys/dev/tty/legacy_tiocsti");
        Assumptions.assumeTrue(
                Host.isRoot()
                        || !Files.exists(sysctl)
                        || Files.readString(sysctl).trim().equals("1"),
                "needs dev.tty.legacy_tiocsti=1: this kernel lets nobody type into a terminal");
        Outcome outcome = drive(List.of("exit", "input"), List.of(program.toString(), "attack"));
        assertThat(acts(outcome))
                .containsEntry("type0", "works")
                .containsEntry("type-high9", "works")
                .containsEntry("paste0", "ENOTTY")
                .containsEntry("foreground0", "works");
        assertThat(found(outcome)).containsExactly("exit 0", "input 8");
    }

    @Test
    void programsCanMakeTerminalsButNotManyWithAndWithoutTheOption() {
        assertThat(work.command(sandbox(List.of(), "/terminal", "many")).run().line())
                .isEqualTo("64 ENOSPC");
        assertThat(work.command(sandbox(List.of("-t"), "/terminal", "many"))
                        .run()
                        .line())
                .isEqualTo("63 ENOSPC");
    }

    @Test
    void muchOutputArrivesThoughTheReaderRestsAndIsNotKeptInMemory() {
        Outcome outcome = drive(
                List.of("expect:go", "pause:1500", "memory", "exit"),
                shell("stty raw; echo go; dd if=/dev/zero bs=1M count=10 2>/dev/null | tr '\\0' x; echo; echo end"));
        assertThat(outcome.stdout()).hasSize(3 + 10 * (1 << 20) + 5);
        assertThat(outcome.out()).startsWith("go\nxxx").endsWith("xxx\nend\n");
        List<String> lines = found(outcome);
        assertThat(lines.get(1)).isEqualTo("exit 0");
        assertThat(Integer.parseInt(lines.get(0).split(" ")[1]))
                .as("kilobytes of the supervisor")
                .isBetween(1, 1024);
    }

    /** Into a FIFO that is open for reading, and that nobody reads. */
    private List<String> unread(List<String> command) {
        List<String> argv =
                new ArrayList<>(List.of("bash", "-c", "mkfifo $0; exec 3<>$0; trap : INT; \"$@\" >$0 3<&-; exit $?"));
        argv.add(work.dir("unread").resolve("fifo").toString());
        argv.addAll(command);
        return argv;
    }

    @Test
    void aReaderThatStopsReadingDoesNotStopTheTimeLimit() {
        work.command(unread(sandbox(List.of("-t", "--timeout", "1s"), "yes")))
                .run()
                .exits(124);
    }

    @Test
    void whenTheProgramHasEndedItsOutputCanBeGivenUpByKey() {
        Outcome outcome = drive(
                List.of("modes:interruptible", "send:" + INTERRUPT, "exit", "modes:before"),
                unread(sandbox(List.of("-t"), "/bin/sh", "-c", "seq 12000; exit 6")));
        assertThat(found(outcome)).containsExactly("modes interruptible", "exit 6", "modes before");
    }

    @Test
    void inputThatIsNoTerminalGoesInToItsEnd() {
        String lines = "a line of input\n".repeat(20_000);
        assertThat(work.command(shell("stty -echo; sleep 1; wc -l"))
                        .reading(lines)
                        .run()
                        .succeeds()
                        .out())
                .endsWith("20000\r\n");
        Outcome part = work.command(shell("stty -echo; cat; echo; test -t 0 -a -t 1 -a -t 2 && echo ended"))
                .reading("no end of line")
                .run()
                .succeeds();
        assertThat(part.out()).endsWith("no end of line\r\nended\r\n");
        assertThat(part.err()).isEmpty();
    }

    @Test
    void whenNobodyTakesTheOutputTheProgramIsHungUp() {
        Outcome outcome = work.command(List.of(
                        "bash",
                        "-c",
                        "\"$@\" </dev/null | head -n 1; echo ${PIPESTATUS[0]}",
                        "test",
                        Workspace.VELO.toString(),
                        "run",
                        "--isolate",
                        "-t",
                        "--manifest",
                        work.base().toString(),
                        "--",
                        "yes"))
                .within(Duration.ofMinutes(1))
                .run();
        assertThat(outcome.out().replace("\r", "")).isEqualTo("y\n129\n");
        assertThat(outcome.err()).isEmpty();
    }
}
