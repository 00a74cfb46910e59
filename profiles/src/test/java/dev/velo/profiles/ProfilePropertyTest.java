package dev.velo.profiles;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reads profiles that are made up: good ones, which must be read as they were meant, and damaged ones, which must give either a profile
 * that keeps the rules or one line that says what is wrong and where. docs/fuzzing.md.
 *
 * <p>{@code -Dvelo.fuzz.seconds=N} or {@code -Dvelo.fuzz.count=N} choose for how long or how many, {@code -Dvelo.fuzz.seed=S} the first.
 */
class ProfilePropertyTest {
    private static final long SEED = Long.getLong("velo.fuzz.seed", 1);
    private static final long SECONDS = Long.getLong("velo.fuzz.seconds", 0);
    private static final long COUNT = Long.getLong("velo.fuzz.count", SECONDS == 0 ? 1000 : Long.MAX_VALUE);
    private static final String FILE = "made/up.yaml";
    private static final Path CASES = Path.of("src/test/resources/fuzz/profiles");

    /** Of processor time, for a document of at most 1 MiB; the machine may have other things to do. */
    private static final long MOST_NANOS = TimeUnit.SECONDS.toNanos(10);

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    @TempDir
    Path temp;

    /** What is read at the moment. */
    private record Attempt(long seed, byte[] document, long since) {}

    private volatile Attempt attempt;
    private final Map<String, Long> outcomes = new HashMap<>();

    @Test
    void everyDocumentGivesAProfileOrOneLine() throws Exception {
        watched(() -> {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
            long i = 0;
            for (; i < COUNT && (SECONDS == 0 || System.nanoTime() < end); i++) {
                one(SEED + i);
            }
            report(i);
            return null;
        });
    }

    private void report(long seeds) {
        long profiles = outcomes.getOrDefault("profile", 0L);
        long all = outcomes.values().stream().mapToLong(Long::longValue).sum();
        System.out.println("profiles: " + seeds + " seeds from " + SEED + ": " + seeds + " good documents read back, "
                + all + " damaged ones, of which " + profiles + " gave a profile, the others one of "
                + (outcomes.size() - 1) + " messages");
        if (Boolean.getBoolean("velo.fuzz.outcomes")) {
            outcomes.entrySet().stream()
                    .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                    .forEach(outcome -> System.out.printf("%9d %s%n", outcome.getValue(), outcome.getKey()));
        }
        // Else what is made up would be too good or too bad to say anything.
        if (all >= 1000) {
            assertThat(profiles).isBetween(all / 20, all * 19 / 20);
            assertThat(outcomes).hasSizeGreaterThan(30);
        }
    }

    private void one(long seed) throws Exception {
        Random random = new Random(seed);
        RandomProfile good = new RandomProfile(random, FILE);
        byte[] written = good.tree().written(random).getBytes(StandardCharsets.UTF_8);
        attempt = new Attempt(seed, written, cpuTime());
        assertThat(RandomPolicy.catalog().fromBytes(FILE, written)).isEqualTo(good.profile());
        assertThat(ProfileRules.broken(good.profile())).isEmpty();
        for (int i = 0; i < 3; i++) {
            // Each damages what the one before has left, which is a good profile at first.
            byte[] document = new Damage(random).document(good.tree());
            attempt = new Attempt(seed, document, cpuTime());
            outcomes.merge(
                    outcome(() -> RandomPolicy.catalog().fromBytes(FILE, document), FILE, document), 1L, Long::sum);
        }
    }

    /** Whatever else is thrown goes through. */
    private static String outcome(Callable<Profile> read, String file, byte[] document) throws Exception {
        try {
            Profile profile = read.call();
            assertThat(ProfileRules.broken(profile)).isEmpty();
            return "profile";
        } catch (ProfileException e) {
            return FaultLine.check(e.getMessage(), file, document);
        }
    }

    @ParameterizedTest
    @MethodSource
    void whatWasFoundOnceIsNotThereAgain(Path document) throws Exception {
        watched(() -> {
            byte[] bytes = Files.readAllBytes(document);
            attempt = new Attempt(0, bytes, cpuTime());
            String file = Files.write(temp.resolve("p.yaml"), bytes).toString();
            return outcome(() -> RandomPolicy.catalog().load(file, temp), file, bytes);
        });
    }

    static List<Path> whatWasFoundOnceIsNotThereAgain() throws Exception {
        try (Stream<Path> files = Files.list(CASES)) {
            return files.sorted().toList();
        }
    }

    private static long cpuTime() {
        return THREADS.getCurrentThreadCpuTime();
    }

    /** Does it on a thread of its own, so that what never ends can be told, too. */
    private void watched(Callable<?> work) throws Exception {
        FutureTask<Object> task = new FutureTask<>(work::call);
        Thread worker = new Thread(task, "fuzz");
        worker.setDaemon(true);
        worker.start();
        try {
            while (true) {
                try {
                    task.get(500, TimeUnit.MILLISECONDS);
                    return;
                } catch (TimeoutException e) {
                    Attempt current = attempt;
                    long cpu = THREADS.getThreadCpuTime(worker.getId());
                    if (current != null && cpu - current.since > MOST_NANOS && current == attempt) {
                        throw new AssertionError("took more than " + TimeUnit.NANOSECONDS.toSeconds(MOST_NANOS)
                                + " s of processor time");
                    }
                }
            }
        } catch (ExecutionException e) {
            throw new AssertionError(finding(e.getCause().toString()), e.getCause());
        } catch (AssertionError e) {
            throw new AssertionError(finding(e.getMessage()), e);
        }
    }

    private String finding(String what) throws IOException {
        Attempt current = attempt;
        if (current == null) {
            return what;
        }
        Path kept = Files.write(Files.createTempFile("velo-profile-", ".yaml"), current.document);
        String text = new String(current.document, StandardCharsets.UTF_8);
        return what + "\nseed " + current.seed + ", kept as " + kept + "; when it is mended, keep it in profiles/"
                + CASES + "\n"
                + (text.length() > 2000
                        ? text.substring(0, 2000) + "... (" + current.document.length + " bytes)"
                        : text);
    }
}
