package dev.velo.cas.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import dev.velo.cas.Progress;
import dev.velo.cas.UserPath;
import dev.velo.cas.collect.Collection;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.Sweep;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that did not change are not read again, and nothing that changed is ever missed. */
class KnownFilesTest {
    private static final int FILES = 40;

    @TempDir
    Path temp;

    private Store store;
    private Path source;

    @BeforeEach
    void open() throws Exception {
        store = Store.openOrCreate(temp.resolve("store"));
        source = Files.createDirectories(temp.resolve("source"));
        for (int i = 0; i < FILES; i++) {
            Files.writeString(source.resolve("file" + i), "content " + i);
        }
        settle();
    }

    @AfterEach
    void close() {
        store.close();
    }

    /** Longer than a tick of any file system's clock that has fractions of a second. */
    private static void settle() throws InterruptedException {
        Thread.sleep(60);
    }

    private IngestResult ingest(boolean forceHash) throws Exception {
        return ingest(store, "m.velo", forceHash);
    }

    private IngestResult ingest(Store into, String output, boolean forceHash) throws Exception {
        IngestRequest request = new IngestRequest(
                UserPath.of(source), UserPath.of(temp.resolve(output)), List.of(), 2, false, forceHash, true, false);
        return new Ingestion(into, request, new Progress()).run();
    }

    private Path cacheFile() throws IOException {
        try (Stream<Path> files = Files.list(temp.resolve("store/cache"))) {
            return files.findFirst().orElseThrow();
        }
    }

    @Test
    void anUnchangedTreeIsNotRead() throws Exception {
        IngestResult first = ingest(false);
        assertThat(first.unread()).isZero();
        IngestResult second = ingest(false);
        assertThat(second.unread()).isEqualTo(FILES);
        assertThat(second.manifest()).isEqualTo(first.manifest());
        assertThat(second.files()).isEqualTo(FILES);
        assertThat(second.bytes()).isEqualTo(first.bytes());
        assertThat(ingest(true).unread()).isZero();
    }

    /** Size and modification time are the same; only the change time, which nobody can set, tells. */
    @Test
    void aChangeThatHidesItsTimeIsSeen() throws Exception {
        Path file = source.resolve("file3");
        FileTime time = Files.getLastModifiedTime(file);
        IngestResult first = ingest(false);
        Files.writeString(file, "CONTENT 3");
        Files.setLastModifiedTime(file, time);
        IngestResult second = ingest(false);
        assertThat(second.unread()).isEqualTo(FILES - 1);
        assertThat(second.manifest()).isNotEqualTo(first.manifest());
        assertThat(second.newBlobs()).isEqualTo(1);
    }

    @Test
    void aFileInAnothersPlaceIsSeen() throws Exception {
        ingest(false);
        Files.move(source.resolve("file1"), source.resolve("file2"), StandardCopyOption.REPLACE_EXISTING);
        IngestResult second = ingest(false);
        assertThat(second.files()).isEqualTo(FILES - 1);
        // Its inode's change time moved with the rename.
        assertThat(second.unread()).isEqualTo(FILES - 2);
        assertThat(Digest.of("content 1".getBytes(StandardCharsets.UTF_8)))
                .isIn(Manifest.open(temp.resolve("m.velo")).contents().stream()
                        .map(Manifest.Content::digest)
                        .toList());
    }

    /** No file has changed, but the manifest has: the cache must name the new one. */
    @Test
    void aChangeThatIsOnlyInTheDirectoryIsFollowed() throws Exception {
        ingest(false);
        Files.createDirectory(source.resolve("empty"));
        IngestResult second = ingest(false);
        assertThat(second.unread()).isEqualTo(FILES);
        assertThat(StatCache.of(Files.readAllBytes(cacheFile())).manifest()).isEqualTo(second.manifest());
        assertThat(ingest(false).unread()).isEqualTo(FILES);
    }

    /** What was written within a tick of the reading may be written again without a trace, so it is read again. */
    @Test
    void aFileThatIsTooYoungIsReadAgain() throws Exception {
        Files.writeString(source.resolve("young"), "young");
        ingest(false);
        assertThat(ingest(false).unread()).isEqualTo(FILES);
        settle();
        ingest(false);
        assertThat(ingest(false).unread()).isEqualTo(FILES + 1);
    }

    @Test
    void aDamagedCacheOrOneOfAnotherVersionIsIgnored() throws Exception {
        IngestResult first = ingest(false);
        byte[] good = Files.readAllBytes(cacheFile());
        for (int at : new int[] {0, 8, 16, 30, 70, 120, good.length - 1}) {
            byte[] bad = good.clone();
            bad[at] ^= 1;
            Files.write(cacheFile(), bad);
            IngestResult again = ingest(false);
            assertThat(again.unread()).as("byte %d", at).isZero();
            assertThat(again.manifest()).isEqualTo(first.manifest());
        }
        assertThat(ingest(false).unread()).isEqualTo(FILES);
    }

    @Test
    void aBlobThatIsGoneIsStoredAgain() throws Exception {
        ingest(false);
        Digest lost = Digest.of("content 5".getBytes(StandardCharsets.UTF_8));
        Files.delete(store.resolve(BlobStore.nameOf(lost, BlobStore.Form.PLAIN)));
        IngestResult again = ingest(false);
        assertThat(again.newBlobs()).isEqualTo(1);
        assertThat(again.unread()).isEqualTo(FILES - 1);
        allThere();
    }

    /** The lease on the earlier manifest keeps its blobs; only a collector that may not have seen it makes claims necessary. */
    @Test
    void blobsAreClaimedOneByOneOnlyWhileACollectorIsAtWork() throws Exception {
        ingest(false);
        settle();
        Timestamp before = changed();
        assertThat(ingest(false).unread()).isEqualTo(FILES);
        assertThat(changed()).isEqualTo(before);
        settle();
        try (Store other = Store.open(temp.resolve("store"))) {
            Descriptor atWork = new Sweep(other).begin();
            assertThat(ingest(false).unread()).isEqualTo(FILES);
            atWork.close();
        }
        assertThat(changed()).isGreaterThan(before);
    }

    private Timestamp changed() throws IOException {
        Digest digest = Digest.of("content 7".getBytes(StandardCharsets.UTF_8));
        return store.blobs().status(digest, BlobStore.Form.PLAIN).orElseThrow().changed();
    }

    private void allThere() throws Exception {
        for (Manifest.Content content : Manifest.open(temp.resolve("m.velo")).contents()) {
            assertThat(store.blobs().status(content.digest(), BlobStore.Form.PLAIN))
                    .as(content.firstPath().toString())
                    .isPresent();
        }
    }

    /** Collections without grace run all the time, and the manifest goes each time, so that each of them may take every blob. */
    @Test
    void aCollectionInBetweenNeverLeavesAManifestWithMissingBlobs() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread collector = new Thread(() -> {
            try (Store own = Store.open(temp.resolve("store"))) {
                while (!stop.get()) {
                    new Collection(own, Duration.ZERO).run(true);
                }
            } catch (Exception e) {
                failure.set(e);
            }
        });
        collector.start();
        long unread = 0;
        long stored = 0;
        try {
            for (int i = 0; i < 150; i++) {
                IngestResult result = ingest(false);
                unread += result.unread();
                stored += result.newBlobs();
                allThere();
                Files.delete(temp.resolve("m.velo"));
                if (i % 3 == 0) {
                    Thread.sleep(i % 10);
                }
            }
        } finally {
            stop.set(true);
            collector.join();
        }
        assertThat(failure.get()).isNull();
        assertThat(stored).as("blobs that a collection had taken").isGreaterThan(FILES);
        System.err.println("files not read: " + unread + ", blobs stored: " + stored);
    }

    @Test
    void aStoreKeepsALimitedNumberOfCaches() throws Exception {
        for (int i = 0; i < 70; i++) {
            source = Files.createDirectories(temp.resolve("s" + i));
            Files.writeString(source.resolve("f"), "x");
            settle();
            ingest(false);
        }
        try (Stream<Path> files = Files.list(temp.resolve("store/cache"))) {
            assertThat(files.count()).isEqualTo(64);
        }
        assertThat(ingest(false).unread()).isEqualTo(1);
    }
}
