package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Trees that are ready before their first run, and looked at where somebody wants to know. Their budget: {@link FarmBudgetIT}. */
@Tag("once")
class WarmIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final String TREE = """
            mkdir -p d/e; echo one >d/one; echo two >d/two; echo three >d/e/three; printf '#!/bin/sh\\necho tool\\n' >tool
            chmod 755 tool; ln -s d/one link; find . -exec touch -h -d 2011-02-03T04:05:06Z {} +
            """;

    private Path farm(String placement) throws IOException {
        try (Stream<Path> farms = Files.list(work.store().resolve("farms"))) {
            return farms.filter(farm -> farm.toString().endsWith(placement))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private JsonObject warm(Path manifest, String... options) {
        List<String> arguments = new ArrayList<>(List.of("warm", "--json", manifest.toString()));
        arguments.addAll(List.of(options));
        return work.velo(arguments.toArray(String[]::new)).run().succeeds().json();
    }

    private String state(Path manifest, String... options) {
        return warm(manifest, options).get("state").getAsString();
    }

    @Test
    void theFirstRunFindsItsTreeBuilt() throws Exception {
        Path manifest = work.ingest(work.tree(TREE));
        Outcome first = work.velo("warm", manifest.toString()).run().succeeds();
        assertThat(first.line()).matches("built +8 entries by hardlink in [0-9]+ ms: " + manifest);
        assertThat(first.err()).isEmpty();
        Object inode = Files.getAttribute(farm("-hardlink"), "unix:ino");
        assertThat(work.velo("warm", manifest.toString()).run().succeeds().line())
                .matches("there +8 entries by hardlink in [0-9]+ ms: " + manifest);
        work.inside(manifest, "cat /d/one; /tool").run().prints("one\ntool\n");
        Path own = farm(work.velo("inspect", "--json", manifest.toString())
                        .run()
                        .succeeds()
                        .json()
                        .get("digest")
                        .getAsString()
                + "-hardlink");
        assertThat(Files.getAttribute(own, "unix:ino")).isEqualTo(inode);
        assertThat(work.velo("roots").run().succeeds().out()).contains(manifest.toString());
        assertThat(work.store().resolve("leases")).isEmptyDirectory();
    }

    @Test
    void tellsEachInOneObject() {
        Path one = work.ingest(work.tree(TREE));
        Path two = work.ingest(work.tree("echo two >two"));
        state(two);
        Outcome outcome = work.velo("warm", "--json", "--placement", "copy", one.toString(), two.toString())
                .run()
                .succeeds();
        List<JsonObject> told = outcome.out()
                .lines()
                .map(line -> JsonParser.parseString(line).getAsJsonObject())
                .toList();
        assertThat(told).hasSize(2).allSatisfy(object -> {
            assertThat(object.keySet())
                    .containsExactlyInAnyOrder(
                            "file",
                            "manifest",
                            "state",
                            "placement",
                            "entries",
                            "milliseconds",
                            "check_milliseconds",
                            "findings");
            assertThat(object.get("placement").getAsString()).isEqualTo("copy");
            assertThat(object.get("state").getAsString()).isEqualTo("built");
            assertThat(object.get("check_milliseconds").isJsonNull()).isTrue();
            assertThat(object.get("findings").getAsJsonArray()).isEmpty();
        });
        assertThat(told.get(1).get("file").getAsString()).isEqualTo(two.toString());
        assertThat(told.get(0).get("entries").getAsInt()).isEqualTo(8);
    }

    @Test
    void oneThatCannotBeBuiltDoesNotStopTheOthers() throws Exception {
        Path lost = work.ingest(work.tree("echo unique-content >lost"));
        Path good = work.ingest(work.tree(TREE));
        work.sh(work.store(), "rm -f \"$(grep -rl unique-content cas)\"");
        Outcome outcome = work.velo("warm", lost.toString(), "/nowhere.velo", good.toString())
                .run()
                .exits(1);
        assertThat(outcome.err().lines()).hasSize(2).allMatch(line -> line.startsWith("velo: cannot "));
        assertThat(outcome.err()).contains("the store lacks /lost", "/nowhere.velo");
        assertThat(outcome.line()).startsWith("built ").endsWith(good.toString());
        assertThat(state(good)).isEqualTo("there");
        assertThat(work.store().resolve("leases")).isEmptyDirectory();
    }

    @Test
    void wrongUsage() {
        Path manifest = work.ingest(work.tree(TREE));
        work.velo("warm").run().exits(2);
        work.velo("warm", "--deep", manifest.toString()).run().exits(2);
        work.velo("warm", "--placement", "teleport", manifest.toString()).run().exits(2);
        work.velo("warm", "--store", "/nowhere", manifest.toString()).run().refuses(1, "cannot open store /nowhere");
    }

    private void damage(Path tree, String script) {
        // All that a careful hand would put back is put back.
        work.sh(tree, "cp -a --no-preserve=links d/.. \"$1\"; " + script + """

                for f in d d/e .; do touch -r "$1/$f" "$f"; done
                """, work.dir("before"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "hardlink | cp -p d/one x; mv -f x d/one          | /d/: another inode stands where one was placed",
                "copy     | cp -p d/one x; mv -f x d/one          | /d/: another inode stands where one was placed",
                "metadata | cp -p d/one x; mv -f x d/one          | /d/",
                "copy     | chmod 600 d/e/three                   | /d/e/three: mode or time has changed",
                "metadata | chmod 600 d/e/three                   | /d/e/three: mode or time has changed",
                "metadata | touch -d @1 tool                      | /tool: mode or time has changed",
                "hardlink | rm -f d/two                           | /d/two: missing",
                "hardlink | rm -rf d/e; mkdir -m 755 x; mv x d/f  | /d/f: not in the manifest",
                "metadata | rm -f d/two                           | /d/two: missing",
                "hardlink | echo more >d/more                     | /d/more: not in the manifest",
                "copy     | mv d/one x; mv d/two d/one; mv x d/two | /d/",
                "hardlink | chmod 700 d                           | /d: mode or time of the directory has changed",
                "hardlink | rm -f link; ln -s d/two link; touch -h -d 2011-02-03T04:05:06Z link | /link: no longer the link",
                "hardlink | rm -f ../index                        | index: missing",
            })
    void theQuickCheckFindsAndMendsIt(String placement, String damage, String finding) throws Exception {
        Path manifest = work.ingest(work.tree(TREE));
        assertThat(state(manifest, "--placement", placement)).isEqualTo("built");
        JsonObject sound = warm(manifest, "--placement", placement, "--check");
        assertThat(sound.get("state").getAsString()).isEqualTo("there");
        assertThat(sound.get("check_milliseconds").getAsDouble()).isPositive();

        damage(farm("-" + placement).resolve("tree"), damage);
        // Nobody looks by the way.
        assertThat(state(manifest, "--placement", placement)).isEqualTo("there");
        Outcome outcome = work.velo("warm", "--json", "--check", "--placement", placement, manifest.toString())
                .run()
                .succeeds();
        assertThat(outcome.err()).contains("warning: the tree of " + manifest + " differs: " + finding);
        assertThat(outcome.json().get("state").getAsString()).isEqualTo("rebuilt");
        assertThat(outcome.json().get("findings").getAsJsonArray()).isNotEmpty();
        assertThat(state(manifest, "--placement", placement, "--check", "--deep"))
                .isEqualTo("there");
        work.inside(placement, manifest, "cat /d/one /d/two /d/e/three; /tool")
                .run()
                .prints("one\ntwo\nthree\ntool\n");
    }

    /** A hard link's mode and time are the blob's: the tree cannot be better than the store. */
    @ParameterizedTest
    @ValueSource(strings = {"chmod 600 d/one", "touch -d @1 d/one"})
    void whatIsWrongWithTheStoreItselfIsForVerify(String damage) throws Exception {
        Path manifest = work.ingest(work.tree(TREE));
        state(manifest);
        damage(farm("-hardlink").resolve("tree"), damage);
        Outcome outcome =
                work.velo("warm", "--check", manifest.toString()).run().exits(1);
        assertThat(outcome.err())
                .contains(
                        "differs: /d/one: mode or time has changed",
                        "cannot mend the tree of " + manifest + ": /d/one: mode or time has changed",
                        "run velo verify --repair");
        work.velo("verify", "--repair").run().exits(1);
        assertThat(warm(manifest, "--check").get("findings").getAsJsonArray()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "copy     | chmod 644 d/one; echo eno >d/one; touch -d 2000-01-01T00:00:00Z d/one; chmod 444 d/one",
                "metadata | setfattr -n user.overlay.redirect -v /ab/cd d/one",
                "hardlink | setfattr -n user.overlay.opaque -v y d",
            })
    void onlyTheDeepCheckFindsThis(String placement, String damage) throws Exception {
        Host.needsTool("setfattr");
        Path manifest = work.ingest(work.tree(TREE));
        state(manifest, "--placement", placement);
        damage(farm("-" + placement).resolve("tree"), damage);
        assertThat(state(manifest, "--placement", placement, "--check")).isEqualTo("there");
        assertThat(state(manifest, "--placement", placement, "--check", "--deep"))
                .isEqualTo("rebuilt");
        assertThat(state(manifest, "--placement", placement, "--check", "--deep"))
                .isEqualTo("there");
    }

    /** It stays as it is: to take it away would take the files from under the program. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTreeInUseIsNotBuiltAnew(boolean deep) throws Exception {
        Path manifest = work.ingest(work.tree(TREE));
        state(manifest);
        Path farm = farm("-hardlink");
        damage(farm.resolve("tree"), "rm -f d/two");
        var run =
                work.inside(manifest, "echo ready; sleep 3; cat /d/one").start().says("ready");
        List<String> arguments = new ArrayList<>(List.of("warm", "--check", manifest.toString()));
        if (deep) {
            arguments.add("--deep");
        }
        Outcome outcome = work.velo(arguments.toArray(String[]::new)).run().exits(1);
        assertThat(outcome.err())
                .contains("/d/two: missing", "cannot build the tree of", "a sandbox uses", "run it again");
        assertThat(farm.resolve("tree/d/one")).exists();
        assertThat(run.await().succeeds().out()).isEqualTo("ready\none\n");
        assertThat(state(manifest, "--check")).isEqualTo("rebuilt");
    }

    @Test
    void worksForATenant() {
        Path tree = work.tree(TREE);
        Path manifest = work.dir("m").resolve("m.velo");
        work.velo("ingest", tree.toString(), "--output", manifest.toString(), "--tenant", "one")
                .run()
                .succeeds();
        assertThat(state(manifest, "--tenant", "one")).isEqualTo("built");
        assertThat(state(manifest, "--tenant", "one", "--check")).isEqualTo("there");
        assertThat(work.velo("status", "--json", "--tenant", "one")
                        .run()
                        .succeeds()
                        .json()
                        .get("farms")
                        .getAsInt())
                .isOne();
    }
}
