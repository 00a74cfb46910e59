package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Trees go by last use where there are too many, and none that a program runs on. */
@Tag("once")
class FarmBudgetIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private void config(String yaml) throws IOException {
        Path file = work.store().resolveSibling("home/.config/velo/config.yaml");
        Files.createDirectories(file.getParent());
        Files.writeString(file, yaml);
    }

    private Path manifest(String name) {
        return work.ingest(work.tree("echo " + name + " >" + name));
    }

    private String digest(Path manifest) {
        return work.sh(manifest.getParent(), "sha256sum <\"$1\" | cut -c1-64", manifest)
                .line();
    }

    private List<String> farms() throws IOException {
        try (Stream<Path> farms = Files.list(work.store().resolve("farms"))) {
            return farms.map(farm -> farm.getFileName().toString().substring(0, 64))
                    .sorted()
                    .toList();
        }
    }

    private List<String> digests(Path... manifests) {
        return Stream.of(manifests).map(this::digest).sorted().toList();
    }

    private void warm(Path... manifests) {
        List<String> arguments = new ArrayList<>(List.of("warm"));
        Stream.of(manifests).map(Path::toString).forEach(arguments::add);
        work.velo(arguments.toArray(String[]::new)).run().succeeds();
    }

    private void lastUsed(Path manifest, String when) {
        work.sh(work.store(), "touch -d \"$2\" farms/$1-*/complete", digest(manifest), when);
    }

    private JsonObject status() {
        return work.velo("status", "--json").run().succeeds().json();
    }

    @Test
    void theOneNotUsedForLongestGoes() throws Exception {
        config("farms:\n  count: 2\n");
        Path one = manifest("one");
        Path two = manifest("two");
        Path three = manifest("three");
        warm(one, two);
        lastUsed(one, "2 hours ago");
        lastUsed(two, "1 hour ago");
        // Used now.
        warm(one);
        warm(three);
        assertThat(farms()).isEqualTo(digests(one, three));
        assertThat(work.store().resolve("leases")).isEmptyDirectory();
        work.velo("verify").run().succeeds();
    }

    @Test
    void bySize() throws Exception {
        Path one = manifest("one");
        Path two = manifest("two");
        Path three = manifest("three");
        warm(one, two);
        long bytes = status().get("farm_bytes").getAsLong();
        String measured = work.sh(
                        work.store(),
                        "find farms/*/tree \\( -type d -o -links 1 \\) -printf '%b\\n' | awk '{ n += $1 * 512 + 256 } END { print n }'")
                .line();
        assertThat(bytes).isEqualTo(Long.parseLong(measured)).isPositive();
        config("farms: {size: " + bytes + "}\n");
        lastUsed(one, "1 hour ago");
        warm(three);
        assertThat(farms()).isEqualTo(digests(two, three));
        config("farms: {size: 0}\n");
        lastUsed(two, "1 hour ago");
        assertThat(work.velo("gc", "--run").run().succeeds().out()).contains("1 farms beyond the budget");
        assertThat(farms()).isEqualTo(digests(three));
    }

    @Test
    void statusTellsOfTheBudget() throws Exception {
        warm(manifest("one"));
        JsonObject status = status();
        assertThat(status.get("farms").getAsInt()).isOne();
        assertThat(status.get("farm_count_budget").getAsInt()).isEqualTo(64);
        assertThat(status.get("farm_bytes_budget").getAsLong()).isEqualTo(4L << 30);
        config("farms: {count: 3, size: 10M}\n");
        status = status();
        assertThat(status.get("farm_count_budget").getAsInt()).isEqualTo(3);
        assertThat(status.get("farm_bytes_budget").getAsLong()).isEqualTo(10L << 20);
        assertThat(work.velo("status").run().succeeds().out())
                .containsPattern("farms +1, [0-9.]+ (KiB|B) of their own \\(budget 3, 10.0 MiB\\)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "farms: {count: 0}      | 'farms.count' is no number from 1 on",
                "farms: {count: many}   | 'farms.count' is no number from 1 on",
                "farms: {count: [1]}    | 'farms.count' is no number from 1 on",
                "farms: {size: -1}      | 'farms.size'",
                "farms: {size: much}    | 'farms.size': 'much' is not a size",
                "farms: {size: [1]}     | 'farms.size' is no size",
            })
    void aConfigurationThatIsWrongIsNamed(String yaml, String fault) throws Exception {
        Path manifest = manifest("one");
        config(yaml + "\n");
        for (List<String> command : List.of(List.of("warm", manifest.toString()), List.of("gc"), List.of("status"))) {
            work.velo(command.toArray(String[]::new)).run().refuses(1, "cannot use ", "config.yaml", fault);
        }
        // A run needs no budget: it says so once, and runs.
        Outcome run = work.inside(manifest, "cat /one").run().succeeds();
        assertThat(run.out()).isEqualTo("one\n");
        assertThat(run.err()).contains("velo: warning: farms are not kept to a budget", fault);
    }

    @Test
    void collectionReportsAndRemovesThem() throws Exception {
        Path one = manifest("one");
        Path two = manifest("two");
        Path gone = manifest("gone");
        warm(gone);
        warm(one, two);
        lastUsed(one, "1 hour ago");
        lastUsed(gone, "1 minute");
        Files.delete(gone);
        config("farms: {count: 1}\n");
        JsonObject report =
                work.velo("gc", "--grace", "0s", "--json").run().succeeds().json();
        // What nothing needs goes for that reason, and is not counted twice.
        assertThat(report.get("farms").getAsInt()).isOne();
        assertThat(report.get("evicted_farms").getAsInt()).isOne();
        assertThat(report.get("evicted_farm_bytes").getAsLong()).isPositive();
        assertThat(farms()).hasSize(3);
        assertThat(work.velo("gc", "--grace", "0s").run().succeeds().out())
                .contains("would go   1 farms beyond the budget; ", "Nothing was removed");
        JsonObject removed = work.velo("gc", "--run", "--grace", "0s", "--json")
                .run()
                .succeeds()
                .json();
        assertThat(removed.get("farms").getAsInt()).isOne();
        assertThat(removed.get("evicted_farms").getAsInt()).isOne();
        assertThat(farms()).isEqualTo(digests(two));
        assertThat(work.store().resolve("trash")).isEmptyDirectory();
    }

    @Test
    void theTreesOfARunningSandboxStay() throws Exception {
        config("farms: {count: 1, size: 0}\n");
        Path app = manifest("app");
        var run =
                work.inside(app, "echo ready; sleep 6; cat /app && ls /bin/sh").start();
        run.says("ready");
        List<String> used = digests(app, work.base());
        lastUsed(app, "2 hours ago");
        lastUsed(work.base(), "2 hours ago");
        Path other = manifest("other");
        warm(other);
        work.velo("gc", "--run").run().succeeds();
        assertThat(farms()).containsAll(used).hasSize(3);
        assertThat(run.await().succeeds().out()).isEqualTo("ready\napp\n/bin/sh\n");
        // The same again, and nobody uses them.
        work.velo("gc", "--run").run().succeeds();
        assertThat(farms()).isEqualTo(digests(other));
    }

    /** A run has no time to wait for it: what one leaves, the next does. */
    @Test
    void runsKeepToTheBudget() throws Exception {
        config("farms: {count: 3}\n");
        int most = 0;
        for (int i = 0; i < 8; i++) {
            Path app = manifest("app" + i);
            work.inside(app, "cat /app" + i).run().prints("app" + i + "\n");
            lastUsed(app, (20 - i) + " minutes ago");
            most = Math.max(most, farms().size());
        }
        assertThat(most).isLessThanOrEqualTo(5);
        assertThat(farms()).contains(digest(work.base()));
    }

    @Test
    void saysWhenTheBudgetIsTooSmallForWhatIsAskedFor() throws Exception {
        config("farms: {count: 1}\n");
        Path one = manifest("one");
        Path two = manifest("two");
        Outcome outcome =
                work.velo("warm", one.toString(), two.toString()).run().succeeds();
        assertThat(outcome.err()).contains("warning: 1 of these trees are gone again", "farms.count");
        assertThat(farms()).hasSize(1);
    }

    @Test
    void killedAtAnyMomentNothingIsHalf() throws Exception {
        config("farms: {count: 1, size: 0}\n");
        List<Path> manifests = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            manifests.add(work.ingest(work.tree(
                    "for i in $(seq 40); do mkdir d$i; for j in $(seq 25); do echo $i $j >d$i/f$j; done; done; echo "
                            + i + " >own")));
        }
        long began = System.nanoTime();
        warm(manifests.toArray(Path[]::new));
        int whole = (int) ((System.nanoTime() - began) / 1_000_000);
        Random random = new Random(7);
        int there = 0;
        for (int i = 0; i < 16; i++) {
            List<String> command = new ArrayList<>(List.of(i % 4 == 3 ? "gc" : "warm"));
            if (i % 4 == 3) {
                command.add("--run");
            } else {
                manifests.forEach(manifest -> command.add(manifest.toString()));
            }
            var running = work.velo(command.toArray(String[]::new)).start();
            Command.pause(whole / 4 + random.nextInt(whole));
            running.process().destroyForcibly().waitFor();
            for (String farm : farms()) {
                there++;
                work.sh(
                        work.store(),
                        "test \"$(find farms/$1-*/tree -type f | wc -l)\" = 1001; test -s farms/$1-*/complete",
                        farm);
            }
        }
        assertThat(there).isPositive();
        work.velo("verify").run().succeeds();
        work.velo("gc", "--run").run().succeeds();
        assertThat(farms()).hasSize(1);
        assertThat(work.store().resolve("trash")).isEmptyDirectory();
        assertThat(work.store().resolve("leases")).isEmptyDirectory();
    }
}
