package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.it.Bombs.Ended;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a run may use at most. Each bomb goes off once without its limit, too. */
class LimitsIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final Bombs bombs = new Bombs(work);

    /** The tests run as another user at the same time. */
    private static final String MARK = Long.toString(1_000_000_000L + System.nanoTime() % 1_000_000_000L);

    /** How many processes there are in the end: pid 1, the shell, and what it could start. Globs and echo need no process. */
    private static final String FORK_BOMB = """
            (i=0; while [ $i -lt 100 ]; do sleep MARK & i=$((i+1)); done) 2>/dev/null
            set -- /proc/[0-9]*; echo $#
            """.replace("MARK", MARK);

    private static final String FILL = """
            dd if=/dev/zero of=/big bs=1M count=20 2>&1 | grep -o 'No space left'; wc -c </big
            """;

    private static final String MANY_FILES = """
            mkdir /many; (i=0; while [ $i -lt 6000 ]; do : >/many/$i || exit; i=$((i+1)); done) 2>/dev/null
            set -- /many/*; echo $#
            """;

    private Outcome limited(String script, String... options) {
        List<String> all = new ArrayList<>(List.of(options));
        all.addAll(List.of("--manifest", work.base().toString()));
        return work.isolated(all, "/bin/sh", "-c", script).run();
    }

    @Test
    void aForkBombStaysBelowItsLimitAndLeavesNobody() {
        assertThat(Integer.parseInt(limited(FORK_BOMB).succeeds().line())).isEqualTo(102);
        assertThat(Integer.parseInt(limited(FORK_BOMB, "--pids", "20").line())).isEqualTo(20);
        Bombs.nobodyHas(MARK);
    }

    @Test
    void aSandboxCountsOnlyItsOwnProcesses() {
        Path place = work.dir("two");
        String script =
                "\"$velo\" run --isolate --pids 20 --manifest \"$1\" -- /bin/sh -c \"$2\" >out.$3 2>/dev/null & ";
        work.sh(
                place,
                script.replace("$3", "1") + script.replace("$3", "2") + "wait; cat out.1 out.2",
                work.base(),
                FORK_BOMB + "sleep 3");
        assertThat(work.sh(place, "cat out.1 out.2").out()).isEqualTo("20\n20\n");
    }

    @Test
    void whatIsWrittenToTheRootStaysBelowItsLimit() {
        assertThat(limited(FILL).succeeds().out()).isEqualTo("20971520\n");
        assertThat(limited(FILL, "--disk", "8M").out()).isEqualTo("No space left\n8388608\n");
    }

    /** Wherever the file lies: on what is bound, too, which no limit of the root holds for. */
    @Test
    void noFileBecomesLargerThanItsLimit() {
        Path outside = work.dir("outside");
        work.sh(outside, "chmod 777 .");
        String script =
                "dd if=/dev/zero of=/bound/big bs=64K count=32 2>/dev/null; echo $?; wc -c </bound/big; rm /bound/big";
        String[] bound = {"--bind", outside + ":/bound:rw"};
        assertThat(limited(script, bound).succeeds().out()).isEqualTo("0\n2097152\n");
        String[] less = {"--bind", outside + ":/bound:rw", "--file-size", "1M"};
        assertThat(limited(script, less).out()).isEqualTo("153\n1048576\n");
        Ended ended = bombs.shell(List.of("--file-size", "1M"), "exec dd if=/dev/zero of=/big bs=64K count=32");
        ended.exits(128 + 25).by("signal");
        assertThat(ended.limit("file-size").get("hit").getAsBoolean()).isTrue();
        assertThat(ended.limit("file-size").get("mechanism").getAsString()).isEqualTo("rlimit-fsize");
        assertThat(limited("ulimit -f unlimited || ulimit -f", "--file-size", "1M")
                        .out())
                .isEqualTo("2048\n");
    }

    @Test
    void soManyFilesAsTheLimitHasPagesAndAThousandMore() {
        assertThat(limited(MANY_FILES).line()).isEqualTo("6000");
        assertThat(Integer.parseInt(limited(MANY_FILES, "--disk", "8M").line())).isBetween(2000, 3072);
    }

    @Test
    void changesAreCapturedFromBelowALimit() {
        Path result = work.dir("result").resolve("new.velo");
        limited("echo new >/file; rm /bin/yes; rm -r /etc; mkdir /etc", "--disk", "8M", "--output", result.toString())
                .succeeds();
        work.velo("cat", result.toString(), "file").run().prints("new\n");
        work.inside(result, "ls -A /etc").run().succeeds();
        assertThat(work.isolated(List.of("--manifest", result.toString()), "/bin/sh", "-c", "echo /etc/* /bin/yes*")
                        .run()
                        .line())
                .isEqualTo("/etc/* /bin/yes*");
    }

    @ParameterizedTest
    @CsvSource({"--pids,0", "--disk,99999999T", "--memory,0", "--cpus,0.001", "--max-output,1X", "--limits,some"})
    void limitsThatAreNoneAreRefused(String option, String value) {
        assertThat(limited("true", option, value).exits(125).err()).contains(option);
    }

    /** Nothing runs with less protection than was asked for. */
    @Test
    void aLimitThatCannotBeEnforcedIsRefused() {
        for (String limit : List.of("memory 1G", "cpus 1")) {
            String name = limit.split(" ")[0];
            Ended ended = bombs.ungrouped(List.of("--" + name, limit.split(" ")[1]), "echo ran");
            ended.exits(125)
                    .by("launch")
                    .outcome()
                    .refuses(
                            125,
                            "cannot limit the " + (name.equals("cpus") ? "processor time" : name) + " of the sandbox",
                            "--limits best-effort");
            assertThat(ended.outcome().out()).isEmpty();
            assertThat(ended.limit(name).get("enforced").getAsBoolean()).isFalse();
        }
    }

    @Test
    void bestEffortSaysHowFarItGoes() {
        List<String> options = List.of("--limits", "best-effort", "--memory", "32M", "--cpus", "0.5", "--pids", "20");
        Ended ended = bombs.ungrouped(
                options,
                "/bombs private 64; /bombs private 16; grep Cpus_allowed_list /proc/self/status; /bombs threads 60; true");
        List<String> lines = ended.exits(0).outcome().out().lines().toList();
        assertThat(lines).as(ended.toString()).hasSize(4);
        assertThat(lines.get(0)).matches("stopped (2|3)[0-9] Cannot allocate memory");
        assertThat(lines.get(1)).isEqualTo("went on 16");
        assertThat(lines.get(2)).as("one processor").matches("Cpus_allowed_list:\\s+[0-9]+");
        assertThat(lines.get(3)).isEqualTo("stopped 18 Resource temporarily unavailable");
        assertThat(ended.limit("memory").get("mechanism").getAsString()).isEqualTo("rlimit-data");
        assertThat(ended.limit("cpus").get("mechanism").getAsString()).isEqualTo("affinity");
        for (String limit : List.of("memory", "cpus")) {
            assertThat(ended.limit(limit).get("enforced").getAsBoolean()).isFalse();
            assertThat(ended.limit(limit).get("hit").isJsonNull()).isTrue();
            assertThat(ended.limit(limit).get("reason").getAsString()).isNotBlank();
        }
        assertThat(ended.limit("pids").get("mechanism").getAsString()).isEqualTo("rlimit-nproc");
        assertThat(ended.limit("pids").get("enforced").getAsBoolean()).isTrue();
        assertThat(bombs.run(List.of(), "/bombs", "private", "64").outcome().line())
                .as("without the limit")
                .isEqualTo("went on 64");
    }

    @Test
    void processorTimeIsRationed() {
        bombs.needsGroup();
        String burn = "/bombs burn 200 & /bombs burn 200 & wait";
        Ended limited = bombs.shell(List.of("--cpus", "0.2"), burn);
        // Four tenths of a second of work, a fifth of a second in each: what a period may begin with included.
        assertThat(limited.exits(0).hits("cpus").record().get("wall_us").getAsLong())
                .isGreaterThan(1_500_000);
        assertThat(limited.limit("cpus").get("limit").getAsLong()).isEqualTo(200);
        Ended plenty = bombs.shell(List.of("--cpus", "64"), burn);
        plenty.exits(0).misses("cpus");
    }

    /** What the caller is held to already holds the payload, too. */
    @Test
    void aLimitAboveTheCallersOwnIsNoFailure() {
        assertThat(work.sh(
                                work.dir("less"),
                                "ulimit -u $(($(ulimit -u) < 4096 ? $(ulimit -u) : 4096)); \"$velo\" run --isolate --manifest \"$1\" --pids 100000 -- /bin/sh -c 'ulimit -u'",
                                work.base())
                        .line())
                .isEqualTo("4096");
    }
}
