package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Wrong usage is 2, and says what would be right; the store is found in one order by all commands. */
@Tag("once")
class UsageIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "frobnicate",
                "ingest",
                "ingest . --output",
                "ingest . --output x.velo --jobs 0",
                "ingest . --output x.velo --jobs many",
                "ingest . --output x.velo --jobs 99999999",
                "roots drop",
                "protect",
                "push one",
                "pull",
                "gc --grace soon",
                "status --frobnicate",
                "inspect",
                "diff one",
                "cat one",
                "export one",
                "completion tcsh"
            })
    void wrongUsageIsTwo(String line) {
        Outcome outcome = work.velo(line.split(" ")).in(work.dir("cwd")).run().exits(2);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).isNotBlank().doesNotContain("Exception", "\tat ");
    }

    /** For {@code run} every failure of Velo itself is 125: a payload's 2 must stay a payload's. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "run",
                "run --isolate",
                "run --isolate -- true",
                "run --isolate --manifest",
                "run --isolate --manifest nowhere.velo",
                "run --isolate --manifest nowhere.velo --frobnicate -- true",
                "run --isolate --manifest nowhere.velo --net moon -- true",
                "run --isolate --manifest nowhere.velo --env BROKEN -- true"
            })
    void wrongUsageOfRunIs125(String line) {
        Outcome outcome = work.velo(line.split(" ")).in(work.dir("cwd")).run().exits(125);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).isNotBlank().doesNotContain("Exception", "\tat ");
    }

    @Test
    void theStoreIsFlagThenEnvironmentThenConfigurationThenDefault() throws Exception {
        Path tree = work.tree("echo x >x");
        Path places = work.dir("places");
        Path home = places.resolve("home");
        Path configuration = home.resolve(".config/velo/config.yaml");
        Files.createDirectories(configuration.getParent());
        String manifest = places.resolve("m.velo").toString();
        List<String> ingest = List.of(Workspace.VELO.toString(), "ingest", tree.toString(), "--output", manifest);

        work.command(ingest)
                .with("HOME", home.toString())
                .with("VR_THE_SOURCE", null)
                .with("XDG_DATA_HOME", places.resolve("data").toString())
                .run()
                .succeeds();
        assertThat(places.resolve("data/velo/store")).isDirectory();

        Files.writeString(configuration, "store: " + places.resolve("configured") + "\n");
        work.command(ingest)
                .with("HOME", home.toString())
                .with("VR_THE_SOURCE", null)
                .with("XDG_DATA_HOME", places.resolve("unused").toString())
                .run()
                .succeeds();
        assertThat(places.resolve("configured")).isDirectory();
        assertThat(places.resolve("unused")).doesNotExist();

        work.velo("ingest", tree.toString(), "--output", manifest)
                .with("HOME", home.toString())
                .with("VR_THE_SOURCE", places.resolve("environment").toString())
                .run()
                .succeeds();
        assertThat(places.resolve("environment")).isDirectory();

        work.velo(
                        "ingest",
                        tree.toString(),
                        "--output",
                        manifest,
                        "--store",
                        places.resolve("flag").toString())
                .with("HOME", home.toString())
                .with("VR_THE_SOURCE", places.resolve("not-this").toString())
                .run()
                .succeeds();
        assertThat(places.resolve("flag")).isDirectory();
        assertThat(places.resolve("not-this")).doesNotExist();
    }

    @Test
    void stackTracesAreForThoseWhoAsk() {
        Outcome plain = work.velo("inspect", "/nowhere.velo").run().refuses(1, "/nowhere.velo");
        assertThat(plain.err()).doesNotContain("at dev.velo");
    }

    /** Java would decode such a name to another one, which another file may have. */
    @Test
    void argumentsThatAreNotUtf8AreRefused() {
        Path tree = work.tree(
                "mkdir $'n\\xff' $'n\\xef\\xbf\\xbd'; echo one >$'n\\xff/f'; echo two >$'n\\xef\\xbf\\xbd/f'");
        String ingest =
                "set +e; \"$velo\" ingest %s --output m.velo 2>&1 | tail -n 1; \"$velo\" cat m.velo f 2>/dev/null || echo none";
        assertThat(work.sh(tree, ingest.formatted("$'n\\xff'")).out())
                .contains("velo: cannot use argument", "not valid UTF-8; ")
                .endsWith("\nnone\n");
        assertThat(work.sh(tree, ingest.formatted("$'n\\xef\\xbf\\xbd'")).out()).endsWith("\ntwo\n");
        String run = "\"$velo\" run --isolate --manifest \"$1\" -- /bin/echo $'\\xff' | od -An -tx1";
        assertThat(work.sh(tree, run, work.base()).out()).isEqualTo(" ff 0a\n");
    }
}
