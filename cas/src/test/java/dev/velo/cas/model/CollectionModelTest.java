package dev.velo.cas.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.fault.Scratch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
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
    private static final int SHOWN = 3;
    private static final int THREADS = 2 * Runtime.getRuntime().availableProcessors();

    @Test
    void whateverHappensAtOnceNothingNeededGoesAndNothingElseStays() throws Exception {
        Path scratch = Scratch.make();
        long start = System.nanoTime();
        List<String> broken = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger next = new AtomicInteger();
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        try {
            Trees trees = new Trees(scratch);
            List<Future<?>> workers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                Path own = scratch.resolve("w" + i);
                workers.add(pool.submit(() -> {
                    work(trees, own, next, broken);
                    return null;
                }));
            }
            for (Future<?> worker : workers) {
                worker.get();
            }
            int done = Math.min(COUNT, next.get());
            System.out.println("garbage collection: " + done + " interleavings, seeds " + SEED + " to "
                    + (SEED + done - 1) + ", " + (System.nanoTime() - start) / 1_000_000 + " ms");
        } finally {
            pool.shutdownNow();
            Scratch.remove(scratch);
        }
        assertThat(broken).as("interleavings that broke the model").isEmpty();
    }

    /** Each interleaving is a world of its own, so several may run at once and each is still a function of its seed. */
    private static void work(Trees trees, Path directory, AtomicInteger next, List<String> broken) throws Exception {
        for (int i = next.getAndIncrement(); i < COUNT && broken.size() < SHOWN; i = next.getAndIncrement()) {
            long seed = SEED + i;
            List<String> wrong = run(trees, directory, seed, false).wrong();
            if (!wrong.isEmpty()) {
                broken.add("seed " + seed + ": " + wrong + again(trees, directory, seed));
            }
        }
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
            try {
                wrong.addAll(new Remains(world).examine());
            } catch (Exception e) {
                wrong.add("in the end: " + e);
            }
            return new Outcome(wrong, world.trace());
        } finally {
            Scratch.remove(directory);
        }
    }
}
