package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The scripts that users run. */
class ScriptsIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static String script(String name) {
        return Workspace.REPOSITORY.resolve(name).toString();
    }

    @Test
    void theBusyboxManifestIsTheSameEveryTime() {
        Path other = work.dir("other");
        work.sh(other, "umask 077; VELO_HOME=\"$1\" \"$2\"", Workspace.HOME, script("scripts/setup_busybox.sh"));
        assertThat(other.resolve("busybox.manifest")).hasSameBinaryContentAs(work.base());
    }

    @Test
    void everyAppletIsThere() {
        String applets = work.sh(Path.of("/"), "busybox --list-full | wc -l").line();
        String links = work.isolated("/bin/sh", "-c", "find / -xdev -type l -path '*bin/*' -o -name linuxrc | wc -l")
                .run()
                .succeeds()
                .line();
        assertThat(Integer.parseInt(links))
                .isGreaterThan(Integer.parseInt(applets) - 5)
                .isGreaterThan(100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--frobnicate", "--output", "extra"})
    void wrongUsageOfTheBusyboxScriptIsTwo(String argument) {
        Outcome outcome = work.command(List.of(script("scripts/setup_busybox.sh"), argument))
                .in(work.dir("cwd"))
                .run()
                .exits(2);
        assertThat(outcome.err()).contains("usage:");
    }

    @ParameterizedTest
    @ValueSource(strings = {"bench/farm.sh", "bench/ingest.sh"})
    void benchmarksPrintCountsMediansAndRatios(String bench) {
        Outcome outcome = work.command(List.of(script(bench), work.dir("bench").toString()))
                .with("VELO_HOME", Workspace.HOME.toString())
                .with("FILES", "300")
                .with("ROUNDS", "2")
                .within(Duration.ofMinutes(5))
                .run()
                .succeeds();
        assertThat(outcome.out())
                .contains("tree: 300 files", "files: 300 by cp", "interleaved")
                .containsPattern("(?m)^velo: .* ms +[0-9.]+ x cp")
                .containsPattern("300 (links|blobs) by velo");
    }
}
