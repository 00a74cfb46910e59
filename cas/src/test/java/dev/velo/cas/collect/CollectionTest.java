package dev.velo.cas.collect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import dev.velo.cas.Progress;
import dev.velo.cas.ingest.IngestRequest;
import dev.velo.cas.ingest.IngestResult;
import dev.velo.cas.ingest.Ingestion;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Roots;
import dev.velo.cas.store.Sighting;
import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.Sweep;
import dev.velo.cas.verify.Verification;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CollectionTest {
    @TempDir
    Path temp;

    private Store store;

    @BeforeEach
    void open() throws Exception {
        store = Store.openOrCreate(temp.resolve("store"));
    }

    @AfterEach
    void close() {
        store.close();
    }

    private Path project(String name, String... contents) throws IOException {
        Path directory = Files.createDirectories(temp.resolve(name));
        for (String content : contents) {
            Files.writeString(directory.resolve("file-" + content), content);
        }
        return directory;
    }

    private IngestResult ingest(Store into, Path source, String manifest) throws Exception {
        return new Ingestion(
                        into, new IngestRequest(source, temp.resolve(manifest), List.of(), 1, false), new Progress())
                .run();
    }

    private CollectionReport collect(boolean remove, Duration grace) throws Exception {
        // Times on the file system tick every few milliseconds; what was used in this very tick always stays.
        Thread.sleep(25);
        return new Collection(store, grace).run(remove);
    }

    private boolean has(String content) throws Exception {
        return store.blobs()
                .status(Digest.of(content.getBytes(StandardCharsets.UTF_8)), BlobStore.Form.PLAIN)
                .isPresent();
    }

    @Test
    void removesExactlyWhatNoManifestNeeds() throws Exception {
        ingest(store, project("a", "shared", "only-a"), "a.velo");
        ingest(store, project("b", "shared", "only-b"), "b.velo");
        assertThat(collect(true, Duration.ZERO).blobs()).isZero();

        Files.delete(temp.resolve("a.velo"));
        CollectionReport report = collect(false, Duration.ZERO);
        assertThat(report.blobs()).isEqualTo(1);
        assertThat(report.bytes()).isPositive();
        assertThat(has("only-a")).isTrue();

        CollectionReport removed = collect(true, Duration.ZERO);
        assertThat(removed.blobs()).isEqualTo(1);
        assertThat(removed.bytes()).isEqualTo(report.bytes());
        assertThat(removed.manifests()).isEqualTo(1);
        assertThat(has("only-a")).isFalse();
        assertThat(has("shared")).isTrue();
        assertThat(has("only-b")).isTrue();
        assertThat(store.roots().list()).hasSize(1);
        assertThat(ingest(store, temp.resolve("b"), "b.velo").newBlobs()).isZero();
        assertThat(new Verification(store, false).store()).isEmpty();
    }

    @Test
    void aMissingManifestProtectsItsBlobsForTheGracePeriod() throws Exception {
        ingest(store, project("a", "x"), "a.velo");
        Files.delete(temp.resolve("a.velo"));
        CollectionReport report = collect(true, Duration.ofHours(1));
        assertThat(report.blobs()).isZero();
        assertThat(report.missingRoots()).singleElement().asString().contains("a.velo");
        assertThat(has("x")).isTrue();
        assertThat(store.roots().list()).hasSize(1);
    }

    @Test
    void aDamagedManifestStillProtectsItsBlobs() throws Exception {
        ingest(store, project("a", "x"), "a.velo");
        Files.writeString(temp.resolve("a.velo"), "garbage");
        CollectionReport report = collect(true, Duration.ZERO);
        assertThat(report.missingRoots()).singleElement().asString().contains("damaged or unreadable");
        assertThat(has("x")).isTrue();
    }

    @Test
    void aLeaseProtectsTheContentsOfItsManifest() throws Exception {
        IngestResult result = ingest(store, project("a", "x"), "a.velo");
        Files.delete(temp.resolve("a.velo"));
        try (Lease run = store.leases().take(Lease.Kind.RUN, List.of(result.manifest()))) {
            assertThat(run.since()).isNotNull();
            collect(true, Duration.ZERO);
            assertThat(has("x")).isTrue();
        }
        collect(true, Duration.ZERO);
        assertThat(has("x")).isFalse();
    }

    @Test
    void nothingGoesWhileARunNamesAManifestThatIsNotKnownYet() throws Exception {
        ingest(store, project("a", "x"), "a.velo");
        Files.delete(temp.resolve("a.velo"));
        Digest unknown = Digest.of(new byte[] {9});
        try (Lease run = store.leases().take(Lease.Kind.RUN, List.of(unknown))) {
            assertThat(run.since()).isNotNull();
            assertThat(collect(true, Duration.ZERO).blobs()).isZero();
            assertThat(has("x")).isTrue();
        }
    }

    /** The race that other stores lose: a blob is garbage, an ingest finds it present, the collector removes it. */
    @Test
    void whatAnIngestInProgressFoundPresentStays() throws Exception {
        ingest(store, project("a", "x", "y"), "a.velo");
        Files.delete(temp.resolve("a.velo"));
        Thread.sleep(25);
        BlobStore blobs = store.blobs();
        try (Lease writer = store.leases().take(Lease.Kind.INGEST, List.of())) {
            Staging staging = new Staging(store, blobs, writer);
            assertThat(staging.claim(Digest.of("x".getBytes(StandardCharsets.UTF_8)), BlobStore.Form.PLAIN))
                    .isTrue();
            collect(true, Duration.ZERO);
            assertThat(has("x")).isTrue();
            assertThat(has("y")).isFalse();
        }
    }

    @Test
    void leftoversOfAFailedIngestGo() throws Exception {
        BlobStore blobs = store.blobs();
        try (Lease writer = store.leases().take(Lease.Kind.INGEST, List.of())) {
            Staging staging = new Staging(store, blobs, writer);
            Staging.Draft draft = staging.draft();
            byte[] content = "orphan".getBytes(StandardCharsets.UTF_8);
            store.files()
                    .write(
                            draft.file().number(),
                            ByteBuffer.allocateDirect(6).put(content).flip());
            staging.seal(draft, Digest.of(content), BlobStore.Form.PLAIN, 6);
            staging.commit();
        }
        assertThat(has("orphan")).isTrue();
        assertThat(collect(true, Duration.ofHours(1)).blobs()).isZero();
        assertThat(has("orphan")).isTrue();
        assertThat(collect(true, Duration.ZERO).blobs()).isEqualTo(1);
        assertThat(has("orphan")).isFalse();
    }

    /** An ingest registers its manifest before it writes the file; a collector that saw the old file gone must not forget it. */
    @Test
    void aRootRegisteredAfterTheMarkIsNotDropped() throws Exception {
        ingest(store, project("a", "x"), "a.velo");
        byte[] bytes = Files.readAllBytes(temp.resolve("a.velo"));
        Files.delete(temp.resolve("a.velo"));
        Thread.sleep(25);
        Sweep sweep = new Sweep(store);
        Timestamp start = sweep.now();
        List<Roots.Root> expired = store.roots().list();
        Thread.sleep(25);
        store.roots().register(temp.resolve("a.velo"), Digest.of(bytes), bytes);
        sweep.roots(expired, start);
        assertThat(store.roots().list()).hasSize(1);
        // The positive control: one that nobody registered again goes.
        Thread.sleep(25);
        sweep.roots(expired, sweep.now());
        assertThat(store.roots().list()).isEmpty();
    }

    /** The note that saves a collection from hashing a manifest must not outlive what it is about. */
    @Test
    void aManifestThatWasSeenBeforeAndThenReplacedIsReadAgain() throws Exception {
        ingest(store, project("a", "x"), "a.velo");
        ingest(store, project("b", "y"), "b.velo");
        Path a = temp.resolve("a.velo");
        for (String name : List.of("a.velo", "b.velo")) {
            Files.setLastModifiedTime(temp.resolve(name), FileTime.fromMillis(946_684_800_000L));
        }
        Thread.sleep(3100);
        collect(true, Duration.ZERO);
        assertThat(store.roots().list())
                .allSatisfy(
                        root -> assertThat(store.roots().sighting(root.name())).isPresent());
        collect(true, Duration.ZERO);
        assertThat(has("x")).isTrue();
        // Another manifest of the same size and modification time, in the same inode.
        byte[] other = Files.readAllBytes(temp.resolve("b.velo"));
        assertThat(other).hasSize((int) Files.size(a));
        Files.write(a, other);
        Files.setLastModifiedTime(a, FileTime.fromMillis(946_684_800_000L));
        Files.delete(temp.resolve("b.velo"));
        collect(true, Duration.ZERO);
        assertThat(has("y")).isTrue();
        assertThat(has("x")).isFalse();
        // And a rotten bit below the same times is found.
        byte[] rotten = other.clone();
        rotten[rotten.length - 1] ^= 1;
        Sighting seen = Sighting.of(Digest.of(other), store.files().status(store.root()), other);
        assertThat(seen.isOf(store.files().status(store.root()), rotten)).isFalse();
    }

    /** Ingests of overlapping trees whose manifests come and go, beside a collector that gives no grace. */
    @Test
    void ingestsBesideACollectorLoseNothing() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        ExecutorService pool = Executors.newFixedThreadPool(3);
        Future<?> collector = pool.submit(() -> {
            try (Store own = Store.open(temp.resolve("store"))) {
                while (!stop.get()) {
                    new Collection(own, Duration.ZERO).run(true);
                }
            }
            return null;
        });
        List<Future<?>> writers = new ArrayList<>();
        for (int w = 0; w < 2; w++) {
            int writer = w;
            writers.add(pool.submit(() -> {
                try (Store own = Store.open(temp.resolve("store"))) {
                    for (int round = 0; round < 40; round++) {
                        String manifest = "w" + writer + ".velo";
                        Path source = project("p" + writer, "shared", "r" + (round % 5), "w" + writer);
                        IngestResult result = ingest(own, source, manifest);
                        assertThat(result.faults()).isEmpty();
                        assertThat(new Verification(own, false).manifest(Manifest.open(temp.resolve(manifest))))
                                .isEmpty();
                        if (round % 3 == 0) {
                            Files.delete(temp.resolve(manifest));
                        }
                    }
                }
                return null;
            }));
        }
        try {
            for (Future<?> writer : writers) {
                writer.get();
            }
        } finally {
            stop.set(true);
        }
        collector.get();
        pool.shutdown();
        assertThat(new Verification(store, false).store()).isEmpty();
    }

    /** Two ingests to one file: the one whose registration came last was killed before it wrote. */
    @ParameterizedTest
    @ValueSource(longs = {0, 10})
    void aRegistrationThatIsTheSameAgainDoesNotHideAnotherFile(long secondsLater) throws Exception {
        Digest first = ingest(store, project("one", "a"), "m.velo").manifest();
        Path file = temp.resolve("m.velo");
        byte[] bytes = Files.readAllBytes(file);
        Timestamp now = new Sweep(store).now();
        Marking marking = new Marking(store, Duration.ZERO, true);
        // Ten seconds later the file is so old that a change must show in its times.
        LiveSet live = marking.mark(List.of(), new Timestamp(now.seconds() + secondsLater, now.nanos()));

        ingest(store, project("two", "b"), "m.velo");
        store.roots().register(ManifestFile.place(file), first, bytes);
        Digest other = Digest.of("b".getBytes(StandardCharsets.UTF_8));
        assertThat(live.has(other, BlobStore.Form.PLAIN)).as("before").isFalse();
        marking.renew(List.of());
        assertThat(live.has(other, BlobStore.Form.PLAIN)).isTrue();
    }
}
