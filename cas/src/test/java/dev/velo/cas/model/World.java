package dev.velo.cas.model;

import dev.velo.cas.Digest;
import dev.velo.cas.VeloException;
import dev.velo.cas.collect.Collection;
import dev.velo.cas.fault.Crash;
import dev.velo.cas.ingest.InlineIngestion;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.OpenStores;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.Twins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One interleaving: a store, a few processes that use it at once, and what is known without looking into it. A process has a script
 * drawn from the seed: ingests, runs, collections and reports, and what a user does to manifests meanwhile.
 */
final class World {
    /** What a user's path is known to hold. */
    enum Known {
        NOTHING,
        /** The last that happened to it was an ingest or a run that reported success. */
        PROMISED
    }

    /** Taken again: most interleavings are shorter than the start of a thread. */
    private static final ExecutorService THREADS = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "process");
        thread.setDaemon(true);
        return thread;
    });

    private final Trees trees;
    private final Path directory;
    private final Path storePath;
    private final Random random;
    private final Scheduler scheduler;
    private final Clockwork clock;
    private final List<String> trace;
    private final double restlessness;
    private final Map<Path, Known> known = new HashMap<>();
    private final Map<Path, Integer> writers = new HashMap<>();
    private final Map<Path, Integer> ingests = new HashMap<>();
    private final Map<Path, Integer> changes = new HashMap<>();
    private final Set<Path> unsure = new HashSet<>();
    private final Set<Path> settled = new HashSet<>();
    private final List<String> broken = new ArrayList<>();

    World(Trees trees, Path directory, long seed, boolean traced) {
        this.trees = trees;
        this.directory = directory;
        this.storePath = directory.resolve("store");
        this.random = new Random(seed);
        this.scheduler = new Scheduler(random);
        this.clock = new Clockwork(random, random.nextInt(4) == 0 ? 0.01 : 0);
        this.trace = traced ? Process.newTrace() : null;
        this.restlessness = new double[] {0.02, 0.06, 0.15, 0.4}[random.nextInt(4)];
    }

    List<String> trace() {
        return trace;
    }

    Path storePath() {
        return storePath;
    }

    Clockwork clock() {
        return clock;
    }

    Map<Path, Known> known() {
        return known;
    }

    /** Paths of which, by what happened, nothing can be demanded. */
    Set<Path> unsure() {
        return unsure;
    }

    /** True where the store's record of a path is surely of what the file held: nobody raced or died. */
    boolean isSettled(Path file) {
        return settled.contains(file);
    }

    private Path manifest() {
        return directory.resolve("m" + random.nextInt(3) + ".velo");
    }

    /** Everything that happens, and what went wrong meanwhile. */
    List<String> happen() throws Exception {
        Store.openOrCreate(storePath).close();
        List<Future<?>> threads = new ArrayList<>();
        int processes = 2 + random.nextInt(3);
        // Something to work on, done by one process before the others begin.
        Scheduler first = scheduler;
        threads.add(thread("setup", first.add("setup"), List.of("ingest", "ingest", "delete"), -1));
        scheduler.run();
        for (int i = 0; i < processes; i++) {
            int life = random.nextInt(4) == 0 ? 1 + random.nextInt(250) : -1;
            String name = "p" + i;
            threads.add(thread(name, scheduler.add(name), script(i), life));
        }
        scheduler.run();
        for (Future<?> thread : threads) {
            thread.get();
        }
        return broken;
    }

    private List<String> script(int process) {
        String[] kinds = process == 0
                ? new String[] {"gc", "gc", "gc-grace"}
                : new String[] {
                    "ingest", "ingest", "ingest", "run", "run", "delete", "spoil", "gc", "report", "hide", "evict"
                };
        List<String> script = new ArrayList<>();
        for (int i = 0, count = 1 + random.nextInt(3); i < count; i++) {
            script.add(kinds[random.nextInt(kinds.length)]);
        }
        return script;
    }

    private Future<?> thread(String name, Scheduler.Turn turn, List<String> script, int life) {
        Process process = new Process(turn, clock, restlessness, life, trace);
        return THREADS.submit(() -> {
            turn.begin();
            try {
                for (String step : script) {
                    step(process, step);
                }
            } catch (Crash e) {
                process.note("dead");
            } catch (Exception | AssertionError e) {
                broken.add(name + " " + script + ": " + e + at(e));
            } finally {
                end(process, turn);
            }
        });
    }

    private static String at(Throwable e) {
        StringBuilder where = new StringBuilder();
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            for (StackTraceElement frame : cause.getStackTrace()) {
                if (frame.getClassName().startsWith("dev.velo")) {
                    where.append(" < ").append(frame.getFileName()).append(':').append(frame.getLineNumber());
                }
            }
        }
        return where.toString();
    }

    private void end(Process process, Scheduler.Turn turn) {
        try {
            process.die();
        } catch (Exception e) {
            broken.add("cannot close: " + e);
        }
        turn.end();
    }

    private void step(Process process, String step) throws Exception {
        process.pause("begins " + step);
        switch (step) {
            case "ingest" -> ingest(process, trees.tree(random.nextInt(trees.count())), manifest());
            case "run" -> run(process, manifest());
            case "gc" -> collect(process, Duration.ZERO, true);
            case "gc-grace" -> collect(process, Duration.ofSeconds(2), true);
            case "report" -> collect(process, Duration.ZERO, false);
            case "delete" -> change(process, manifest(), Files::deleteIfExists);
            case "spoil" -> {
                Path file = manifest();
                if (Files.exists(file)) {
                    change(process, file, path -> Files.writeString(path, "spoilt"));
                }
            }
            case "hide" -> hide(process, manifest());
            case "evict" -> FarmSteps.evict(storePath, process);
            default -> throw new IllegalArgumentException(step);
        }
    }

    private interface Change {
        void to(Path file) throws IOException;
    }

    private void change(Process process, Path file, Change change) throws IOException {
        process.note("changes " + file.getFileName());
        change.to(file);
        changed(file);
    }

    private void changed(Path file) {
        known.put(file, Known.NOTHING);
        changes.merge(file, 1, Integer::sum);
    }

    /** Moves a manifest away and back: in between, its root may have been forgotten and its contents collected. */
    private void hide(Process process, Path file) throws IOException {
        Path away = directory.resolve("away-" + random.nextInt());
        if (!Files.exists(file)) {
            return;
        }
        Files.move(file, away);
        changed(file);
        unsure.add(file);
        int ingested = ingests.getOrDefault(file, 0);
        for (int i = random.nextInt(60); i > 0; i--) {
            process.pause("waits");
        }
        // An ingest to the same path replaces the registration: then nothing keeps what the old file names.
        if (!Files.exists(file) && ingested == ingests.getOrDefault(file, 0)) {
            Files.move(away, file);
            process.note("brings back " + file.getFileName());
        }
    }

    private void ingest(Process process, Path tree, Path output) throws Exception {
        writers.merge(output, 1, Integer::sum);
        ingests.merge(output, 1, Integer::sum);
        settled.remove(output);
        int before = changes.getOrDefault(output, 0);
        boolean done = false;
        try (Store store = OpenStores.openOrCreate(storePath, process.ops())) {
            process.note("ingests " + tree.getFileName() + " to " + output.getFileName());
            InlineIngestion.run(store, tree, output);
            done = true;
        } finally {
            boolean last = writers.merge(output, -1, Integer::sum) == 0;
            // What a user did to the file meanwhile came last.
            if (done && last && changes.getOrDefault(output, 0) == before) {
                known.put(output, Known.PROMISED);
                settled.add(output);
                unsure.remove(output);
            }
        }
        process.note("done");
    }

    /** As {@code velo run}: a lease, registration, twins and claims, some work, and in the end all must still be there. */
    private void run(Process process, Path file) throws Exception {
        Manifest manifest;
        try {
            manifest = Manifest.open(file);
        } catch (ManifestException e) {
            return;
        }
        process.note("runs " + file.getFileName() + " " + manifest.digest());
        process.pause("has read");
        try (Store store = OpenStores.open(storePath, process.ops());
                Lease lease = store.leases().take(Lease.Kind.RUN, List.of(manifest.digest()))) {
            settled.remove(file);
            boolean whole = Remains.missing(storePath, manifest).isEmpty();
            store.roots().registerRead(file, manifest.digest(), manifest::toBytes);
            if (!whole) {
                unsure.add(file);
                return;
            }
            List<Digest> executable = manifest.contents().stream()
                    .filter(Manifest.Content::executable)
                    .map(Manifest.Content::digest)
                    .toList();
            new Twins(store, store.blobs()).ensure(executable, lease);
            String farm = FarmSteps.take(store, process, lease, manifest);
            for (int i = random.nextInt(40); i > 0; i--) {
                process.pause("works");
            }
            if (!Files.exists(storePath.resolve("farms/" + farm + "/complete"))) {
                broken.add("a run lost its farm " + farm);
            }
            if (!Remains.missing(storePath, manifest).isEmpty()) {
                broken.add("a run lost " + Remains.missing(storePath, manifest));
            }
            for (Digest digest : executable) {
                if (Files.notExists(Remains.path(storePath, digest, BlobStore.Form.EXECUTABLE))) {
                    broken.add("a run lost the twin of " + digest);
                }
            }
            process.note("done");
        }
    }

    private void collect(Process process, Duration grace, boolean remove) throws VeloException {
        try (Store store = OpenStores.open(storePath, process.ops())) {
            process.note("collects");
            new Collection(store, grace).run(remove);
        }
        process.note("done");
    }
}
