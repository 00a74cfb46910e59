package dev.velo.linkfarm;

import static dev.velo.linkfarm.FarmStore.child;
import static dev.velo.linkfarm.FarmStore.directory;
import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.collect.Collection;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestBuilder;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that build and use farms beside evictions and collections, each with a store of its own, as processes have. */
class FarmPoolRaceTest {
    private static final int MANIFESTS = 4;
    private static final int RUNS = 120;

    @TempDir
    Path temp;

    private final AtomicInteger builds = new AtomicInteger();
    private final AtomicInteger evictions = new AtomicInteger();
    private final AtomicInteger running = new AtomicInteger(3);

    private List<Manifest> manifests() throws Exception {
        List<Manifest> manifests = new ArrayList<>();
        try (FarmStore farms = new FarmStore(temp.resolve("store"))) {
            FileNode shared = farms.file("shared", 0644);
            for (int i = 0; i < MANIFESTS; i++) {
                FileNode own = farms.file("own " + i, 0755);
                byte[] bytes = ManifestBuilder.encode(directory(
                        0755, child("shared", shared), child("sub", directory(0755, child("own", own)))));
                Path file = temp.resolve("m" + i + ".velo");
                Files.write(file, bytes);
                Manifest manifest = Manifest.fromBytes(bytes, "test");
                farms.store().roots().register(file, manifest.digest(), bytes);
                manifests.add(manifest);
            }
        }
        return manifests;
    }

    private Void run(List<Manifest> manifests, int seed) throws Exception {
        Random random = new Random(seed);
        try (Store store = Store.open(temp.resolve("store"))) {
            for (int i = 0; i < RUNS; i++) {
                int number = random.nextInt(MANIFESTS);
                Manifest manifest = manifests.get(number);
                Lease lease = store.leases().take(Lease.Kind.RUN, List.of(manifest.digest()));
                try {
                    Farm farm = new LinkFarm(store, FarmStore.LAYERS).of(manifest, Optional.empty());
                    builds.addAndGet(farm.built() ? 1 : 0);
                    Path tree = store.path().resolve(farm.tree());
                    for (int look = 0; look < 5; look++) {
                        assertThat(tree.resolve("shared")).hasContent("shared");
                        assertThat(tree.resolve("sub/own")).hasContent("own " + number);
                    }
                    assertThat(new FarmAudit(store)
                                    .one(manifest, Optional.of(farm.placement()), FarmAudit.Depth.QUICK, false))
                            .isEmpty();
                } finally {
                    lease.close();
                }
            }
        } finally {
            running.decrementAndGet();
        }
        return null;
    }

    private Void evict() throws Exception {
        try (Store store = Store.open(temp.resolve("store"))) {
            while (running.get() > 0) {
                evictions.addAndGet(
                        new FarmPool(store).trim(new FarmBudget(1, 0)).names().size());
            }
        }
        return null;
    }

    private Void collect() throws Exception {
        while (running.get() > 0) {
            try (Store store = Store.open(temp.resolve("store"))) {
                new Collection(store, Duration.ZERO).run(true);
            }
        }
        return null;
    }

    @Test
    void noRunEverMissesAFile() throws Exception {
        List<Manifest> manifests = manifests();
        ExecutorService pool = Executors.newFixedThreadPool(6);
        List<Future<Void>> all = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int seed = i;
            all.add(pool.submit(() -> run(manifests, seed)));
        }
        all.add(pool.submit(this::evict));
        all.add(pool.submit(this::evict));
        all.add(pool.submit(this::collect));
        pool.shutdown();
        for (Future<Void> each : all) {
            each.get();
        }
        // Else nothing was tried.
        assertThat(builds).hasValueGreaterThan(MANIFESTS);
        assertThat(evictions).hasValueGreaterThan(MANIFESTS);
        try (Store store = Store.open(temp.resolve("store"))) {
            assertThat(new FarmAudit(store).all(false)).isEmpty();
            assertThat(new Farms(store).list()).allMatch(FarmStatus::current);
        }
    }
}
