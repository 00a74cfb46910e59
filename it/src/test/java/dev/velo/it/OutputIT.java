package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.velo.it.Bombs.Ended;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Output with a limit goes through the supervisor, which nobody may notice before the limit is reached. */
class OutputIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final Bombs bombs = new Bombs(work);

    /** A bash script with $velo, ${run[@]} (all of the command up to the limits), $bombs outside and $1, a directory. It need not succeed. */
    private static Outcome pipeline(Path place, String script) {
        String run = "run=(\"$velo\" run --isolate --base \"$base\" --manifest \"$manifest\")\n";
        return work.command(List.of(
                        "bash",
                        "-c",
                        "velo=%s base=%s manifest=%s bombs=%s\n%s"
                                        .formatted(Workspace.VELO, work.base(), bombs.manifest(), bombs.program(), run)
                                + script,
                        "test",
                        place.toString()))
                .in(place)
                .run();
    }

    @Test
    void exactlyTheLimitIsPassedOn() {
        Ended more = bombs.run(List.of("--max-output", "10000"), "/bombs", "flood", "300000", "both");
        more.exits(137).by("output").hits("output");
        assertThat(more.outcome().err())
                .endsWith("velo: ended the program: it wrote more than its limit of 10000 bytes\n");
        long said = "velo: ended the program: it wrote more than its limit of 10000 bytes\n".length();
        assertThat(more.outcome().stdout().length + more.outcome().stderr().length - said)
                .isEqualTo(10000);
        assertThat(more.number("output", "bytes")).isEqualTo(10000);
        assertThat(more.record().getAsJsonObject("output").get("truncated").getAsBoolean())
                .isTrue();

        Ended equal = bombs.run(List.of("--max-output", "300000"), "/bombs", "flood", "300000", "both");
        equal.exits(0).by("exit").misses("output");
        assertThat(equal.outcome().stdout().length + equal.outcome().stderr().length)
                .isEqualTo(300000);
        assertThat(equal.number("output", "bytes")).isEqualTo(300000);
        assertThat(equal.record().getAsJsonObject("output").get("truncated").getAsBoolean())
                .isFalse();

        Ended without = bombs.run(List.of(), "/bombs", "flood", "300000", "both");
        without.exits(0).by("exit");
        assertThat(without.record().getAsJsonObject("output").get("bytes").isJsonNull())
                .isTrue();
    }

    @Test
    void anEndlessFloodEndsItsWholeTree() {
        String mark = "flood-" + System.nanoTime();
        Ended ended = bombs.shell(
                List.of("--max-output", "1M"),
                "sleep 300 & setsid sh -c 'while :; do echo " + mark + "; done' & while :; do echo " + mark + "; done");
        Bombs.nobodyHas(mark);
        ended.exits(137).by("output");
        assertThat(ended.outcome().stdout()).hasSize(1 << 20);
    }

    @Test
    void aHundredMegabytesComeUnchangedThroughLittleMemory() {
        Outcome outcome = pipeline(work.dir("much"), """
                mkfifo pipe
                ${run[@]} --max-output 200M -- /bombs noise 100000000 >pipe &
                pid=$!
                { head -c 50000000; grep VmHWM /proc/$pid/status >peak; cat; } <pipe | sha256sum
                wait $pid || echo "status $?"
                "$bombs" noise 100000000 | sha256sum
                "$bombs" noise 100000001 | sha256sum
                tr -dc 0-9 <peak
                """).succeeds();
        List<String> lines = outcome.out().lines().toList();
        assertThat(lines).as(outcome.toString()).hasSize(4);
        assertThat(lines.get(0)).isEqualTo(lines.get(1)).isNotEqualTo(lines.get(2));
        assertThat(Integer.parseInt(lines.get(3))).as("KiB of the supervisor").isBetween(64, 4096);
    }

    @Test
    void whoDoesNotReadDoesNotKeepTheTimeLimitFromEndingTheRun() throws Exception {
        // More than a pipe holds, from a program that waits to write and from one that has written and gone.
        for (String bytes : List.of("1000000", "120000")) {
            Path place = work.dir("slow");
            Outcome outcome = pipeline(place, """
                    mkfifo pipe
                    sleep 60 <pipe & reader=$!
                    ${run[@]} --max-output 1G --timeout 2s --result "$1/record" -- /bombs noise %s >pipe
                    echo "status $?" >status
                    kill $reader
                    cat status
                    """.formatted(bytes));
            assertThat(outcome.line()).as(bytes).isEqualTo("status 124");
            JsonObject record = Bombs.record(place.resolve("record"));
            assertThat(record.get("cause").getAsString()).as(record.toString()).isEqualTo("timeout");
            assertThat(record.getAsJsonObject("output").get("truncated").getAsBoolean())
                    .as(record.toString())
                    .isTrue();
            assertThat(record.getAsJsonObject("output").get("bytes").getAsLong())
                    .isBetween(4096L, 70000L);
        }
        assertThat(pipeline(
                                work.dir("quick"),
                                "${run[@]} --max-output 1G --timeout 60s -- /bombs noise 1000000 | wc -c; echo ${PIPESTATUS[0]}")
                        .out())
                .as("with a reader")
                .isEqualTo("1000000\n0\n");
    }

    /** A terminal says that it is ready when it takes a byte, and is not made non-blocking for its other owners. */
    @Test
    void norDoesATerminalThatStandsStill() {
        Host.needsTool("python3");
        Outcome outcome = pipeline(work.dir("terminal"), """
                exec python3 - "${run[@]}" --max-output 1G --timeout 2s -- /bombs noise 10000000 <<'END'
                import os, subprocess, sys
                controlling, terminal = os.openpty()
                run = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=terminal)
                print(run.wait(60), os.get_blocking(terminal))
                END
                """);
        assertThat(outcome.line()).as(outcome.toString()).isEqualTo("124 True");
    }

    @Test
    void aSlowReaderGetsAllThatWasWrittenBeforeTheEnd() {
        assertThat(pipeline(
                                work.dir("slow"),
                                "${run[@]} --max-output 1G -- /bombs noise 120000 | (sleep 2; wc -c); echo ${PIPESTATUS[0]}")
                        .out())
                .isEqualTo("120000\n0\n");
    }

    @Test
    void aSignalEndsARunThatNobodyReads() {
        Path place = work.dir("signal");
        Outcome outcome = pipeline(place, """
                mkfifo pipe
                sleep 60 <pipe & reader=$!
                exec 3>pipe
                ${run[@]} --max-output 1G --result "$1/record" -- /bin/sh -c '/bombs noise 120000; echo done >&2' >&3 2>said & run=$!
                until grep -q done said; do sleep 0.05; done
                sleep 0.5
                kill -TERM $run
                wait $run
                echo "status $?"
                kill $reader
                """);
        // Its program has ended well, but not all that it wrote has come.
        assertThat(outcome.line()).as(outcome.toString()).isEqualTo("status 143");
        JsonObject record = Bombs.record(place.resolve("record"));
        assertThat(record.get("signal").getAsInt()).isEqualTo(15);
        assertThat(record.getAsJsonObject("output").get("truncated").getAsBoolean())
                .isTrue();
    }

    @Test
    void aReaderThatClosesIsNoticedAsWithoutALimit() {
        for (String limit : List.of("", "--max-output 1G")) {
            assertThat(pipeline(
                                    work.dir("closed"),
                                    "${run[@]} " + limit
                                            + " -- /bombs noise 10000000 | head -c 10 | wc -c; echo ${PIPESTATUS[0]}")
                            .out())
                    .as("SIGPIPE %s", limit)
                    .isEqualTo("10\n141\n");
            assertThat(pipeline(
                                    work.dir("closed"),
                                    "${run[@]} " + limit
                                            + " -- /bin/sh -c \"trap '' PIPE; /bombs noise 10000000\" | head -c 10 | wc -c; echo ${PIPESTATUS[0]}")
                            .out())
                    .as("EPIPE %s", limit)
                    .isEqualTo("10\n3\n");
        }
    }

    @Test
    void linesOfBothStreamsKeepTheirOrderInOnePlace() {
        String expected = IntStream.range(0, 200)
                .mapToObj(i -> "out " + i + "\nerr " + i + "\n")
                .collect(Collectors.joining());
        String script = "${run[@]} --max-output 1M -- /bin/sh -c"
                + " 'i=0; while [ $i -lt 200 ]; do echo out $i; echo err $i >&2; i=$((i+1)); done'";
        assertThat(pipeline(work.dir("order"), script + " 2>&1 | cat").out()).isEqualTo(expected);
        assertThat(pipeline(work.dir("order"), script + " >both 2>&1; cat both").out())
                .isEqualTo(expected);
        assertThat(pipeline(work.dir("order"), script + " >out 2>err; cat out err")
                        .out())
                .as("two places")
                .hasSize(expected.length())
                .startsWith("out 0\nout 1\n");
    }

    /** The program has written it into a pipe, without a fault, and cannot know. */
    @Test
    void outputThatHasNoPlaceIsNoSuccess() {
        Path place = work.dir("full");
        Outcome full = pipeline(place, "${run[@]} --max-output 1M --result \"$1/record\" -- /bin/echo text >/dev/full");
        full.refuses(125, "cannot pass on the output of the program: No space left on device");
        JsonObject record = Bombs.record(place.resolve("record"));
        assertThat(record.getAsJsonObject("output").get("truncated").getAsBoolean())
                .isTrue();
        assertThat(record.getAsJsonObject("output").get("bytes").getAsLong()).isZero();
        pipeline(place, "${run[@]} --max-output 1M -- /bin/echo text >\"$1/file\"; cat \"$1/file\"")
                .prints("text\n");
    }

    @Test
    void signalsGetThroughAFlood() {
        Path place = work.dir("signals");
        Outcome outcome = pipeline(place, """
                ${run[@]} --max-output 1000G -- /bin/sh -c 'trap "exit 7" USR1; echo ready >&2; while :; do echo x; done' >/dev/null 2>said & run=$!
                until grep -q ready said; do sleep 0.05; done
                kill -USR1 $run
                wait $run
                echo "status $?"
                """);
        assertThat(outcome.line()).as(outcome.toString()).isEqualTo("status 7");
    }

    /** They are none of the program's output: neither lost in its pipe nor counted. */
    @Test
    void whatTheLauncherSaysIsNotCut() {
        Ended missing = bombs.run(List.of("--max-output", "5"), "/nowhere");
        missing.exits(127).by("launch").misses("output");
        missing.outcome().refuses(127, "cannot run /nowhere", "no such command");
        assertThat(missing.number("output", "bytes")).isZero();
        bombs.run(List.of("--max-output", "5", "--workdir", "/nowhere"), "/bin/true")
                .outcome()
                .refuses(125, "cannot enter /nowhere");
    }

    @Test
    void norWhereThereIsNoSandboxYet() {
        Host.needsOrdinaryUser("root's sandboxes need no user namespace of the caller's");
        Host.needsTool("unshare");
        for (String limit : List.of("--timeout 60s", "--max-output 5")) {
            Outcome outcome = pipeline(work.dir("none"), """
                    unshare --user --map-user=$(id -u) --keep-caps bash -c \
                      'echo 0 >/proc/sys/user/max_user_namespaces; exec "$@"' bash \
                      "$velo" run --isolate --manifest "$base" %s -- /bin/true
                    """.formatted(limit));
            outcome.refuses(125, "cannot make a user namespace: the sysctl user.max_user_namespaces is 0");
        }
    }
}
