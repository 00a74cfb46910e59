package dev.velo.linkfarm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.fault.Campaign;
import dev.velo.cas.fault.Fault;
import dev.velo.cas.fault.Scenario;
import dev.velo.cas.fault.Scratch;
import dev.velo.cas.fault.Sound;
import dev.velo.cas.fault.Sources;
import dev.velo.cas.fault.StoreScenarios;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.OpenStores;
import dev.velo.cas.store.Store;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Every call of the building and publishing of a farm goes wrong once, in every way that it can. */
class FarmFaultsTest {
    private static final Fault[] ALL = {
        Fault.EIO, Fault.ENOSPC, Fault.EMLINK, Fault.EXDEV, Fault.EMFILE, Fault.SHORT_READ, Fault.CRASH
    };

    private static Path scratch;
    private static Sources sources;

    @BeforeAll
    static void sources() throws Exception {
        scratch = Scratch.make();
        sources = Sources.at(scratch);
        // A file changed this recently is read a second time by an ingest.
        Thread.sleep(30);
    }

    @AfterAll
    static void remove() throws Exception {
        Scratch.remove(scratch);
    }

    @Test
    void hardLinks() throws Exception {
        new Campaign("farm of hard links", new Building(Placement.HARDLINK), 200).run(ALL);
    }

    @Test
    void copies() throws Exception {
        new Campaign("farm of copies", new Building(Placement.COPY), 60).run(ALL);
    }

    @Test
    void metadata() throws Exception {
        new Campaign("farm of metadata", new Building(Placement.METADATA), 60).run(ALL);
    }

    /** A farm of an earlier start of the machine is in the way. */
    @Test
    void overAStaleOne() throws Exception {
        new Campaign("farm in place of a stale one", new Stale(), 60).run(ALL);
    }

    /** Two of three farms have to go. */
    @Test
    void eviction() throws Exception {
        new Campaign("eviction of farms", new Eviction(), 120).run(ALL);
    }

    private static final class Eviction extends Building {
        Eviction() {
            super(Placement.COPY);
        }

        @Override
        public void prepare(Path directory) throws Exception {
            super.prepare(directory);
            for (Placement placement : List.of(Placement.HARDLINK, Placement.METADATA, Placement.COPY)) {
                new Building(placement).act(directory, FileOps.system());
            }
        }

        @Override
        public void act(Path directory, FileOps files) throws Exception {
            try (Store store = OpenStores.open(StoreScenarios.store(directory), files)) {
                new FarmPool(store).trim(new FarmBudget(1, 0));
            }
        }

        @Override
        public void check(Path directory, boolean done) throws Exception {
            super.check(directory, false);
            try (Store store = Store.open(StoreScenarios.store(directory))) {
                assertThat(new Farms(store).list()).hasSizeBetween(1, done ? 1 : 3);
            }
        }
    }

    private static class Building implements Scenario {
        private final Placement placement;

        Building(Placement placement) {
            this.placement = placement;
        }

        @Override
        public void prepare(Path directory) throws Exception {
            try (Store store = Store.openOrCreate(StoreScenarios.store(directory))) {
                StoreScenarios.ingest(store, sources.fresh(), directory.resolve("m.velo"));
            }
        }

        @Override
        public void act(Path directory, FileOps files) throws Exception {
            Manifest manifest = Manifest.open(directory.resolve("m.velo"));
            try (Store store = OpenStores.open(StoreScenarios.store(directory), files);
                    Lease lease = store.leases().take(Lease.Kind.RUN, List.of(manifest.digest()))) {
                Farm farm = new LinkFarm(store, FarmStore.LAYERS).of(manifest, Optional.of(placement));
                assertThat(store.path().resolve(farm.tree())).isDirectory();
                assertThat(lease.since()).isNotNull();
            }
        }

        @Override
        public void check(Path directory, boolean done) throws Exception {
            try (Store store = Store.open(StoreScenarios.store(directory))) {
                Sound.store(store);
                Manifest manifest = Sound.manifest(store, directory.resolve("m.velo"));
                List<FarmStatus> farms = new Farms(store).list();
                assertThat(farms).allMatch(farm -> whole(store, farm));
                assertThat(new FarmAudit(store).all(false)).isEmpty();
                if (done) {
                    assertThat(farms)
                            .anyMatch(farm -> farm.current()
                                    && farm.manifest().equals(Optional.of(manifest.digest()))
                                    && farm.placement().equals(Optional.of(placement)));
                }
            }
        }

        boolean whole(Store store, FarmStatus farm) {
            return farm.current() && farm.entries() > 0;
        }
    }

    private static final class Stale extends Building {
        Stale() {
            super(Placement.HARDLINK);
        }

        @Override
        public void prepare(Path directory) throws Exception {
            super.prepare(directory);
            act(directory, FileOps.system());
            Path store = StoreScenarios.store(directory);
            try (var farms = Files.list(store.resolve("farms"))) {
                Path farm = farms.findFirst().orElseThrow();
                Object owner = Files.getAttribute(farm, "unix:uid");
                Path marker = farm.resolve("complete");
                Files.delete(marker);
                Files.writeString(marker, "velo-farm 1\nan-earlier-start\n9\n");
                Files.setAttribute(marker, "unix:uid", owner);
            }
        }

        @Override
        boolean whole(Store store, FarmStatus farm) {
            // The stale one may stay: it says itself that it is.
            return farm.entries() > 0;
        }
    }
}
