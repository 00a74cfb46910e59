package dev.velo.cas.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.fault.Scratch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Seeded interleavings of ingests, runs, collections, crashes and clocks set anew, each against a model.
 *
 * <p>{@code -Dvelo.model.count=N} and {@code -Dvelo.model.seed=S} choose how many and the first; {@code -Dvelo.model.trace=true} prints
 * every call of a failing one.
 */
class CollectionModelTest {
    private static final int COUNT = Integer.getInteger("velo.model.count", 10_000);
    private static final long SEED = Long.getLong("velo.model.seed", 1);

    @Test
    void whateverHappensAtOnceNothingNeededGoesAndNothingElseStays() throws Exception {
        Path scratch = Scratch.make();
        long start = System.nanoTime();
        List<String> broken = new ArrayList<>();
        try {
            Trees trees = new Trees(scratch);
            int done = 0;
            for (; done < COUNT && broken.size() < 3; done++) {
                long seed = SEED + done;
                List<String> wrong =
                        run(trees, scratch.resolve("w"), seed, false).wrong();
                if (!wrong.isEmpty()) {
                    broken.add("seed " + seed + ": " + wrong + again(trees, scratch.resolve("w"), seed));
                }
            }
            System.out.println("garbage collection: " + done + " interleavings, seeds " + SEED + " to "
                    + (SEED + done - 1) + ", " + (System.nanoTime() - start) / 1_000_000 + " ms");
        } finally {
            Scratch.remove(scratch);
        }
        assertThat(broken).as("interleavings that broke the model").isEmpty();
    }

    private record Outcome(List<String> wrong, List<String> trace) {}

    private static String again(Trees trees, Path directory, long seed) throws Exception {
        Outcome second = run(trees, directory, seed, true);
        Path file = Files.createTempFile("velo-model-" + seed + "-", ".trace");
        Files.write(file, second.trace());
        return (second.wrong().isEmpty() ? " (not the second time)" : "") + "; every call in " + file + "\n"
                + String.join(
                        "\n",
                        second.trace().stream()
                                .filter(line -> !line.contains("exec/sha256/") || !line.contains("openDirectory"))
                                .filter(line -> Boolean.getBoolean("velo.model.trace"))
                                .toList());
    }

    private static Outcome run(Trees trees, Path directory, long seed, boolean traced) throws Exception {
        Files.createDirectories(directory);
        try {
            World world = new World(trees, directory, seed, traced);
            List<String> wrong = new ArrayList<>(world.happen());
            wrong.addAll(new Remains(world).examine());
            return new Outcome(wrong, world.trace());
        } finally {
            Scratch.remove(directory);
        }
    }
}
