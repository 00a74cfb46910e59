package dev.velo.linkfarm;

import static dev.velo.linkfarm.FarmStore.child;
import static dev.velo.linkfarm.FarmStore.directory;
import static dev.velo.linkfarm.FarmStore.link;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.Lease;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class FarmPoolTest {
    private static final long MUCH = 1L << 40;
    private static final FileOps FILES = FileOps.system();

    @TempDir
    Path temp;

    private FarmStore farms;
    private FileNode hello;

    @BeforeEach
    void open() throws Exception {
        farms = new FarmStore(temp.resolve("store"));
        hello = farms.file("hello", 0644);
    }

    @AfterEach
    void close() {
        farms.close();
    }

    private Manifest manifest(int number) throws Exception {
        return FarmStore.manifest(directory(0755, child("f" + number, hello), child("d", directory(0755))));
    }

    /** A farm that was last used so many minutes ago. */
    private String farm(int number, int minutes) throws Exception {
        Farm farm = new LinkFarm(farms.store(), FarmStore.LAYERS).of(manifest(number), Optional.empty());
        used(farm.tree(), System.currentTimeMillis() / 1000 - 60L * minutes);
        return name(farm);
    }

    private void used(String tree, long second) throws Exception {
        FILES.setModified(
                farms.store().root(),
                FarmMarker.besides(tree).getBytes(StandardCharsets.UTF_8),
                new Timestamp(second, 0));
    }

    private static String name(Farm farm) {
        return Path.of(farm.tree()).getParent().getFileName().toString();
    }

    private List<String> names() throws Exception {
        return new Farms(farms.store()).list().stream().map(FarmStatus::name).toList();
    }

    private List<String> trim(long count, long bytes) throws Exception {
        return new FarmPool(farms.store()).trim(new FarmBudget(count, bytes)).names();
    }

    @Test
    void thoseNotUsedForLongestGoFirst() throws Exception {
        String second = farm(2, 20);
        String fourth = farm(4, 5);
        String first = farm(1, 30);
        String third = farm(3, 10);
        assertThat(trim(4, MUCH)).isEmpty();
        assertThat(trim(2, MUCH)).containsExactly(first, second);
        assertThat(names()).containsExactlyInAnyOrder(third, fourth);
        assertThat(farms.store().trash().toFile().list()).hasSize(2).allMatch(name -> name.startsWith("farm-"));
    }

    @Test
    void bySizeAsByCount() throws Exception {
        String first = farm(1, 30);
        String second = farm(2, 20);
        farm(3, 10);
        List<FarmStatus> all = new Farms(farms.store()).list();
        long one = all.get(0).bytes();
        assertThat(one).isPositive();
        assertThat(FarmPool.bytes(all)).isEqualTo(3 * one);
        assertThat(trim(64, 3 * one)).isEmpty();
        assertThat(trim(64, 3 * one - 1)).containsExactly(first);
        FarmPool.Evicted evicted = new FarmPool(farms.store()).trim(new FarmBudget(64, one));
        assertThat(evicted.names()).containsExactly(second);
        assertThat(evicted.bytes()).isEqualTo(one);
    }

    @Test
    void theLastUsedStaysHoweverLarge() throws Exception {
        farm(1, 30);
        String last = farm(2, 20);
        assertThat(trim(1, 0)).hasSize(1);
        assertThat(names()).containsExactly(last);
    }

    @Test
    void aReportTakesNothingAway() throws Exception {
        String first = farm(1, 30);
        String second = farm(2, 20);
        String third = farm(3, 10);
        FarmPool pool = new FarmPool(farms.store());
        FarmBudget one = new FarmBudget(1, MUCH);
        assertThat(pool.trim(one, Set.of(), false).names()).containsExactly(first, second);
        assertThat(pool.trim(one, Set.of(first), false).names()).containsExactly(second);
        assertThat(names()).containsExactlyInAnyOrder(first, second, third);
    }

    @Test
    void whatALeaseNamesStaysAndTheNextGoes() throws Exception {
        String first = farm(1, 30);
        String second = farm(2, 20);
        String third = farm(3, 10);
        Lease lease =
                farms.store().leases().take(Lease.Kind.RUN, List.of(manifest(1).digest()));
        try {
            assertThat(trim(1, 0)).containsExactly(second);
        } finally {
            lease.close();
        }
        assertThat(names()).containsExactlyInAnyOrder(first, third);
        assertThat(trim(1, 0)).containsExactly(first);
    }

    @Test
    void whatAnEarlierStartOfTheMachineLeftGoesFirst() throws Exception {
        String stale = farm(1, 0);
        Path marker = farms.store().path().resolve("farms/" + stale + "/complete");
        String text = Files.readString(marker);
        Files.delete(marker);
        Files.writeString(marker, text.replaceFirst("\n.*\n", "\nan-earlier-start\n"));
        farm(2, 20);
        assertThat(trim(1, MUCH)).containsExactly(stale);
    }

    /** It was used before the clock was put back, and so before all that has a time that has passed. */
    @Test
    void aTimeToComeIsTheOldest() throws Exception {
        String ahead = farm(1, -1000);
        farm(2, 20);
        assertThat(trim(1, MUCH)).containsExactly(ahead);
    }

    @Test
    void whatHasNoNameOfVelosIsNotCountedAndStays() throws Exception {
        Path strange = Files.createDirectories(farms.store().path().resolve("farms/strange"));
        String own = farm(1, 30);
        farm(2, 20);
        assertThat(trim(2, MUCH)).isEmpty();
        assertThat(trim(1, MUCH)).containsExactly(own);
        assertThat(strange).exists();
    }

    /** Used between the look at all farms and the look inside the gate. */
    @Test
    void whatIsUsedMeanwhileStays() throws Exception {
        String first = farm(1, 30);
        String second = farm(2, 20);
        String third = farm(3, 10);
        FarmUse late = new FarmUse(farms.store()) {
            @Override
            Timestamp last(String name) throws java.io.IOException {
                if (name.equals(first)) {
                    touch(FarmMarker.treeOf(first));
                }
                return super.last(name);
            }
        };
        assertThat(new FarmPool(farms.store(), late)
                        .trim(new FarmBudget(1, MUCH))
                        .names())
                .containsExactly(second);
        assertThat(names()).containsExactlyInAnyOrder(first, third);
    }

    @Test
    void aUseIsNotedOnceAMinute() throws Exception {
        String name = farm(1, 0);
        String tree = FarmMarker.treeOf(name);
        Instant start = Instant.ofEpochSecond(1_900_000_000L, 5);
        use(start).touch(tree);
        Timestamp noted = new Timestamp(start.getEpochSecond(), 5);
        assertThat(use(start).last(name)).isEqualTo(noted);
        use(start.plusSeconds(59)).touch(tree);
        assertThat(use(start).last(name)).isEqualTo(noted);
        use(start.plusSeconds(60)).touch(tree);
        assertThat(use(start.plusSeconds(60)).last(name)).isEqualTo(new Timestamp(start.getEpochSecond() + 60, 5));
        // A clock that was put back.
        use(start.minusSeconds(100)).touch(tree);
        assertThat(use(start).last(name)).isEqualTo(new Timestamp(start.getEpochSecond() - 100, 5));
        use(start).touch("farms/none/tree");
        assertThat(use(start).last("none")).isEqualTo(FarmUse.NEVER);
    }

    private FarmUse use(Instant now) {
        return new FarmUse(farms.store(), FILES, Clock.fixed(now, ZoneOffset.UTC));
    }

    @Test
    void takingAFarmNotesItsUse() throws Exception {
        String name = farm(1, 100);
        Timestamp before = new FarmUse(farms.store()).last(name);
        Farm again = new LinkFarm(farms.store(), FarmStore.LAYERS).of(manifest(1), Optional.empty());
        assertThat(again.built()).isFalse();
        assertThat(new FarmUse(farms.store()).last(name).seconds()).isGreaterThanOrEqualTo(before.seconds() + 6000);
    }

    /** What the builder counted is what is there. */
    @ParameterizedTest
    @EnumSource(
            value = Placement.class,
            names = {"HARDLINK", "COPY", "METADATA"})
    void whatAFarmTakesIsWhatItsOwnBlocksAndInodesAre(Placement placement) throws Exception {
        FileNode large = farms.file("x".repeat(100_000), 0755);
        FileNode empty = farms.file("", 0644);
        Manifest manifest = FarmStore.manifest(directory(
                0755,
                child("large", large),
                child("same", large),
                child("empty", empty),
                child("far", link("/a".repeat(200))),
                child("near", link("empty")),
                child("sub", directory(0755, child("f", hello), child("sub", directory(0700))))));
        Farm farm = new LinkFarm(farms.store(), FarmStore.LAYERS).of(manifest, Optional.of(placement));
        long told = new Farms(farms.store()).list().get(0).bytes();
        assertThat(told).isEqualTo(new FarmSize(farms.store()).of(farm.tree()));
        assertThat(told).isGreaterThanOrEqualTo(6 * FarmIndex.INODE);
        if (placement == Placement.COPY) {
            assertThat(told).isGreaterThanOrEqualTo(200_000);
        }
        // Without the index, or with one that is damaged, it is measured.
        Path index = farms.store().path().resolve(farm.tree()).resolveSibling("index");
        byte[] bytes = Files.readAllBytes(index);
        bytes[9]++;
        Files.delete(index);
        Files.write(index, bytes);
        assertThat(new Farms(farms.store()).list().get(0).bytes()).isEqualTo(told);
        Files.delete(index);
        assertThat(new Farms(farms.store()).list().get(0).bytes()).isEqualTo(told);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 31, 36, 40})
    void aDamagedIndexIsNone(int at) throws Exception {
        Farm farm = new LinkFarm(farms.store(), FarmStore.LAYERS).of(manifest(1), Optional.empty());
        String directory = FarmMarker.path(name(farm));
        assertThat(FarmIndex.read(FILES, farms.store().root(), directory)
                        .orElseThrow()
                        .directories())
                .isEqualTo(2);
        Path index = farms.store().path().resolve(directory).resolve("index");
        byte[] bytes = Files.readAllBytes(index);
        assertThat(bytes).hasSize(48);
        bytes[at] ^= 1;
        Files.delete(index);
        Files.write(index, bytes);
        assertThat(FarmIndex.read(FILES, farms.store().root(), directory)).isEmpty();
        Files.write(index, java.util.Arrays.copyOf(bytes, at));
        assertThat(FarmIndex.read(FILES, farms.store().root(), directory)).isEmpty();
    }

    @Test
    void aBudgetOfNothingIsNone() {
        assertThatThrownBy(() -> new FarmBudget(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new FarmBudget(1, -1)).isInstanceOf(IllegalArgumentException.class);
    }
}
