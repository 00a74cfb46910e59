package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

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

    /** How many processes there are in the end: pid 1, the shell, and what it could start. Globs and echo need no process. */
    private static final String FORK_BOMB = """
            (i=0; while [ $i -lt 100 ]; do sleep 987654 & i=$((i+1)); done) 2>/dev/null
            set -- /proc/[0-9]*; echo $#
            """;

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
        assertThat(work.sh(Path.of("/"), "grep -al 98765[4] /proc/[0-9]*/cmdline 2>/dev/null | wc -l || true")
                        .line())
                .isEqualTo("0");
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
    @CsvSource({"--pids,0", "--pids,-1", "--pids,x", "--disk,0", "--disk,1X", "--disk,99999999T"})
    void limitsThatAreNoneAreRefused(String option, String value) {
        assertThat(limited("true", option, value).exits(125).err()).contains(option);
    }

    @Test
    void aLimitThatCannotBeEnforcedIsRefused() {
        for (String option : List.of("--memory", "--cpus", "--max-output")) {
            assertThat(limited("echo ran", option, "1").exits(125).err()).contains("cannot run with " + option);
        }
    }
}
