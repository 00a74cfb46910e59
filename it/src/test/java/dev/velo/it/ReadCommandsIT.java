package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that only look: they say what is there, in words and as JSON. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("once")
class ReadCommandsIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private Path tree;
    private Path manifest;

    @BeforeAll
    void ingest() {
        tree = work.tree(
                "mkdir d; echo one >d/one; echo two >two; ln -s d/one link; printf 'a\\0b' >binary; chmod 755 two");
        manifest = work.ingest(tree);
    }

    @Test
    void inspectListsEveryEntry() {
        String out = work.velo("inspect", manifest.toString()).run().succeeds().out();
        assertThat(out).contains("d/one", "two", "link", "binary");
    }

    @Test
    void inspectOfOnePathTellsAllAboutIt() {
        String digest = work.sh(tree, "sha256sum two | cut -c1-64").line();
        String out = work.velo("inspect", manifest.toString(), "two")
                .run()
                .succeeds()
                .out();
        assertThat(out).contains("two", digest, "755").doesNotContain("d/one");
        assertThat(work.velo("inspect", manifest.toString(), "two", "--json")
                        .run()
                        .succeeds()
                        .json()
                        .toString())
                .contains(digest);
    }

    @Test
    void inspectNamesAPathThatIsNotThere() {
        work.velo("inspect", manifest.toString(), "d/three").run().refuses(1, "d/three");
    }

    @Test
    void catGivesTheBytes() {
        assertThat(work.velo("cat", manifest.toString(), "binary")
                        .run()
                        .succeeds()
                        .stdout())
                .isEqualTo(new byte[] {'a', 0, 'b'});
    }

    @ParameterizedTest
    @ValueSource(strings = {"d", "nothing", "../etc/passwd", "/etc/passwd", ""})
    void catOfAnythingElseIsRefused(String path) {
        Outcome outcome = work.velo("cat", manifest.toString(), path).run();
        outcome.refuses(outcome.exit() == 2 ? 2 : 1);
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void diffTellsWhatWasAddedRemovedAndChanged() {
        Path other = work.dir("other").resolve("tree");
        work.sh(tree, "cp -a . \"$1\"; cd \"$1\"; rm two; echo new >new; echo ONE >d/one", other);
        String out = work.velo("diff", manifest.toString(), work.ingest(other).toString())
                .run()
                .out();
        assertThat(out).contains("two", "new", "d/one").doesNotContain("binary", "link");
    }

    @Test
    void diffOfAManifestWithItselfIsEmpty() {
        assertThat(work.velo("diff", manifest.toString(), manifest.toString())
                        .run()
                        .succeeds()
                        .out())
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "verify", "gc", "doctor"})
    void reportsComeInWordsAndAsJson(String command) {
        Outcome words = work.velo(command).run().succeeds();
        assertThat(words.out()).isNotBlank();
        assertThat(work.velo(command, "--json").run().succeeds().json().size()).isPositive();
    }

    @Test
    void statusCountsBlobs() {
        String blobs = work.sh(work.store(), "find cas -type f | wc -l").line();
        assertThat(work.velo("status", "--json")
                        .run()
                        .succeeds()
                        .json()
                        .get("blobs")
                        .getAsString())
                .isEqualTo(blobs);
        work.velo("status", "--manifest", manifest.toString()).run().succeeds();
    }

    @Test
    void gcWithoutRunRemovesNothing() {
        String before = Snapshot.ofStore(work, work.store());
        work.velo("gc", "--grace", "0s").run().succeeds();
        assertThat(Snapshot.ofStore(work, work.store())).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "zsh", "fish"})
    void completionIsAScriptOfThatShell(String shell) {
        String script = work.velo("completion", shell).run().succeeds().out();
        assertThat(script).contains("velo", "ingest", "verify");
        if (shell.equals("bash")) {
            work.sh(tree, "eval \"$(\"$velo\" completion bash)\"; complete -p velo");
        }
    }

    @Test
    void versionAndHelp() {
        assertThat(work.velo("--version").run().succeeds().out()).containsPattern("\\d+\\.\\d+");
        assertThat(work.velo("help", "run").run().succeeds().out()).contains("--isolate", "--manifest");
        assertThat(work.velo("--help").run().succeeds().out()).contains("ingest", "run", "gc", "verify");
    }

    @Test
    void lookingAtAManifestNeedsNoStoreEntryForIt() throws Exception {
        Path copy = work.dir("copy").resolve("copy.velo");
        Files.copy(manifest, copy);
        assertThat(work.velo("inspect", copy.toString())
                        .with("VR_THE_SOURCE", work.dir("empty").resolve("s").toString())
                        .run()
                        .succeeds()
                        .out())
                .contains("d/one");
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT", "TERM"})
    void anExportThatIsInterruptedLeavesNothing(String signal) throws Exception {
        Path manifest = work.ingest(work.tree("""
                mkdir 1; for i in $(seq 1000); do echo same >1/f$i; done
                for d in $(seq 2 60); do cp -r 1 $d; done
                """));
        Path target = work.dir("out").resolve("target");
        Command.Running export =
                work.velo("export", manifest.toString(), target.toString()).start();
        for (int i = 0; i < 3000 && !Files.exists(target.resolve("1")) && !Files.exists(target.resolve("60")); i++) {
            Command.pause(2);
        }
        assertThat(target).as("begun").exists();
        Outcome outcome = export.signal(signal).await();
        assertThat(outcome.exit()).as(outcome.toString()).isGreaterThan(128);
        assertThat(target).doesNotExist();
    }
}
