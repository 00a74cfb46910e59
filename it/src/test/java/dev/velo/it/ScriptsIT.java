package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The scripts that users run. */
@Tag("once")
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

    private String bench(String name, String... variables) {
        Command command = work.command(List.of(script(name), work.dir("bench").toString()))
                .with("VELO_HOME", Workspace.HOME.toString())
                .with("ROUNDS", "2")
                .within(Duration.ofMinutes(5));
        for (int i = 0; i < variables.length; i += 2) {
            command.with(variables[i], variables[i + 1]);
        }
        return command.run().succeeds().out();
    }

    @Test
    void theBenchmarkOfFarmsPrintsCountsMediansAndRatios() {
        assertThat(bench("bench/farm.sh", "FILES", "300", "WARM", "1"))
                .contains("tree: 300 files", "hard links: 300 files by cp -al, 300 by velo", "interleaved")
                .containsPattern("(?m)^velo: farm built by a process that stays .* ms +[0-9.]+ x cp")
                .containsPattern("(?m)^velo: a farm taken out of view .* ms +[0-9.]+ x rm")
                .containsPattern("(?m)^velo: a farm deleted .* ms +[0-9.]+ x rm");
    }

    @Test
    void theBenchmarkOfMemoryPrintsBothPeaks() {
        Host.needsTool("time");
        assertThat(bench("bench/memory.sh", "FILES", "2000"))
                .contains("2000 files")
                .containsPattern("(?m)^first ingest: [0-9]+ MiB")
                .containsPattern("(?m)^unchanged tree again: [0-9]+ MiB");
    }

    @Test
    void theBenchmarkOfIngestsPrintsCountsMediansAndRatios() {
        Host.needsTool("ostree");
        assertThat(bench("bench/ingest.sh", "FILES", "300", "NODE_MODULES", "no"))
                .contains("tree: 300 files", "interleaved")
                .contains("copied: 300 by cp -a, 300 different contents by velo, 300 by ostree")
                .containsPattern("(?m)^first ingest .* ms +[0-9.]+ x cp")
                .containsPattern("(?m)^unchanged tree again.* ms +[0-9.]+ x find")
                .containsPattern("(?m)^first ingest beside ostree commit .* ms +[0-9.]+ x ostree");
    }

    @Test
    void theBenchmarkOfCollectionsPrintsCountsMediansAndRatios() {
        Host.needsTool("time");
        assertThat(bench("bench/gc.sh", "BLOBS", "400", "MANIFESTS", "10"))
                .contains("store: 400 blobs, 10 manifests", "swept: 40 blobs")
                .containsPattern("(?m)^velo gc .* ms +[0-9.]+ x find")
                .containsPattern("peak memory of velo gc: [0-9]+ KiB");
    }
}
