package dev.velo.cas.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.Digest;
import dev.velo.cas.Progress;
import dev.velo.cas.TreePath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.Entry;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreLayout;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IngestionTest {
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

    private IngestResult ingest(Path source, Path output, int jobs, String... excludes) throws VeloException {
        return new Ingestion(store, new IngestRequest(source, output, List.of(excludes), jobs, false), new Progress())
                .run();
    }

    @Test
    void theSameTreeGivesTheSameBytesFromAnotherPathAndWithOtherThreads() throws Exception {
        SourceTree one = SourceTree.at(temp.resolve("one"));
        SourceTree two = SourceTree.at(temp.resolve("deeper/two"));
        IngestResult first = ingest(one.root(), temp.resolve("1.velo"), 1);
        IngestResult second = ingest(two.root(), temp.resolve("2.velo"), 4);
        assertThat(first.faults()).isEmpty();
        assertThat(Files.readAllBytes(temp.resolve("1.velo"))).isEqualTo(Files.readAllBytes(temp.resolve("2.velo")));
        assertThat(first.manifest()).isEqualTo(second.manifest());
        assertThat(first.newBlobs()).isPositive();
        assertThat(second.newBlobs()).isZero();
        assertThat(second.newBytes()).isZero();
    }

    @Test
    void recordsTypesModesTimesAndTargets() throws Exception {
        ingest(SourceTree.at(temp.resolve("src")).root(), temp.resolve("m.velo"), 2);
        Manifest manifest = Manifest.open(temp.resolve("m.velo"));
        FileNode script = (FileNode) entry(manifest, "run.sh").node();
        assertThat(script.mode()).isEqualTo(0755);
        assertThat(script.isExecutable()).isTrue();
        assertThat(((FileNode) entry(manifest, "again.txt").node()).mode()).isEqualTo(0600);
        assertThat(entry(manifest, "empty-dir").node()).isInstanceOf(DirectoryNode.class);
        assertThat(entry(manifest, ".hidden/.deep/file").node()).isInstanceOf(FileNode.class);
        assertThat(entry(manifest, "n".repeat(255)).node()).isInstanceOf(FileNode.class);
        assertThat(manifest.tree().modified()).isEqualTo(new Timestamp(1_234_567_890, 987_654_321));
        FileNode sparse = (FileNode) entry(manifest, "sparse").node();
        assertThat(sparse.size()).isEqualTo(8 << 20);
        FileStatus blob =
                store.blobs().status(sparse.digest(), BlobStore.Form.PLAIN).orElseThrow();
        assertThat(blob.blocks() * 512).isLessThan(4 << 20);
        // 12 files with contents, one with a name that is not UTF-8.
        assertThat(manifest.children(manifest.entry(0))).hasSize(12);
    }

    private static Entry entry(Manifest manifest, String path) {
        return manifest.find(TreePath.parse(path)).orElseThrow();
    }

    @Test
    void blobsAreSealedAndNeverExecutable() throws Exception {
        ingest(SourceTree.at(temp.resolve("src")).root(), temp.resolve("m.velo"), 2);
        int blobs = 0;
        for (Manifest.Content content : Manifest.open(temp.resolve("m.velo")).contents()) {
            FileStatus status =
                    store.blobs().status(content.digest(), BlobStore.Form.PLAIN).orElseThrow();
            assertThat(status.permissions()).isEqualTo(0444);
            assertThat(status.links()).isEqualTo(1);
            assertThat(status.modified()).isEqualTo(StoreLayout.FIXED_TIME);
            assertThat(status.uid()).isEqualTo(store.owner().uid()).isNotZero();
            assertThat(status.size()).isEqualTo(content.size());
            blobs++;
        }
        assertThat(blobs).isGreaterThan(5);
        assertThat(temp.resolve("store/exec/sha256")).isEmptyDirectory();
        assertThat(temp.resolve("store/leases")).isEmptyDirectory();
    }

    @Test
    void neverTouchesTheSource() throws Exception {
        SourceTree source = SourceTree.at(temp.resolve("src"));
        Map<String, String> before = snapshot(source.root());
        ingest(source.root(), temp.resolve("m.velo"), 2);
        assertThat(snapshot(source.root())).isEqualTo(before).isNotEmpty();
    }

    private static Map<String, String> snapshot(Path root) throws IOException {
        Map<String, String> lines = new TreeMap<>();
        FileOps files = FileOps.system();
        try (Descriptor dir = files.openDirectoryFollowing(root.toString().getBytes(StandardCharsets.UTF_8))) {
            for (DirectoryEntry entry : files.list(dir.number())) {
                FileStatus s = files.status(dir.number(), entry.name());
                lines.put(
                        new String(entry.name(), StandardCharsets.ISO_8859_1),
                        s.inode() + " " + s.permissions() + " " + s.links() + " " + s.uid() + " " + s.size() + " "
                                + s.modified() + " " + s.changed());
            }
        }
        return lines;
    }

    @Test
    void namesWhatItCannotStoreAndWritesNoManifest() throws Exception {
        Path source = Files.createDirectories(temp.resolve("src/sub"));
        Files.writeString(source.resolve("ok"), "fine");
        assertThat(new ProcessBuilder("mkfifo", source.resolve("pipe").toString())
                        .start()
                        .waitFor())
                .isZero();
        IngestResult result = ingest(temp.resolve("src"), temp.resolve("m.velo"), 2);
        assertThat(result.manifest()).isNull();
        assertThat(result.faults())
                .singleElement()
                .asString()
                .contains("/sub/pipe")
                .contains("FIFO");
        assertThat(temp.resolve("m.velo")).doesNotExist();

        IngestResult skipped = new Ingestion(
                        store,
                        new IngestRequest(temp.resolve("src"), temp.resolve("m.velo"), List.of(), 2, true),
                        new Progress())
                .run();
        assertThat(skipped.manifest()).isNotNull();
        assertThat(skipped.skipped()).singleElement().asString().contains("/sub/pipe");
    }

    @Test
    void excludesByNameAndByPath() throws Exception {
        Path source = Files.createDirectories(temp.resolve("src"));
        Files.createDirectories(source.resolve("a/build"));
        Files.createDirectories(source.resolve("build"));
        Files.writeString(source.resolve("a/build/x"), "1");
        Files.writeString(source.resolve("build/x"), "2");
        Files.writeString(source.resolve("a/note.log"), "3");
        Files.writeString(source.resolve("a/note.txt"), "4");
        ingest(source, temp.resolve("m.velo"), 1, "*.log", "/build/", "a/build/**");
        Manifest manifest = Manifest.open(temp.resolve("m.velo"));
        assertThat(manifest.find(TreePath.parse("a/note.txt"))).isPresent();
        assertThat(manifest.find(TreePath.parse("a/note.log"))).isEmpty();
        assertThat(manifest.find(TreePath.parse("build"))).isEmpty();
        assertThat(manifest.find(TreePath.parse("a/build"))).isPresent();
        assertThat(manifest.find(TreePath.parse("a/build/x"))).isEmpty();
        assertThatThrownBy(() -> ingest(source, temp.resolve("m.velo"), 1, "[a"))
                .hasMessageContaining("--exclude [a");
    }

    @Test
    void theStoreAndTheManifestInsideTheSourceAreNotPartOfIt() throws Exception {
        Files.writeString(temp.resolve("file"), "x");
        Path output = temp.resolve("m.velo");
        ingest(temp, output, 1);
        Manifest first = Manifest.open(output);
        assertThat(first.find(TreePath.parse("store"))).isEmpty();
        IngestResult again = ingest(temp, output, 1);
        Manifest second = Manifest.open(output);
        assertThat(second.find(TreePath.parse("m.velo"))).isEmpty();
        assertThat(second.find(TreePath.parse("file"))).isPresent();
        assertThat(again.newBlobs()).isZero();
    }

    /** A writer that appends all the time: whatever is recorded must be what is stored. */
    @Test
    void aSourceThatChangesNeverGivesAWrongDigest() throws Exception {
        Path source = Files.createDirectories(temp.resolve("src"));
        Path growing = source.resolve("growing");
        Files.write(growing, new byte[3 << 20]);
        AtomicBoolean stop = new AtomicBoolean();
        Thread writer = new Thread(() -> {
            try (OutputStream out = Files.newOutputStream(growing, StandardOpenOption.APPEND)) {
                while (!stop.get()) {
                    out.write(new byte[] {1, 2, 3});
                }
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        });
        writer.start();
        try {
            for (int i = 0; i < 3; i++) {
                IngestResult result = ingest(source, temp.resolve("m.velo"), 1);
                if (result.manifest() == null) {
                    assertThat(result.faults()).singleElement().asString().contains("/growing: it changed");
                } else {
                    FileNode node = (FileNode) entry(Manifest.open(temp.resolve("m.velo")), "growing")
                            .node();
                    assertThat(hashOf(node.digest())).isEqualTo(node.digest());
                }
            }
        } finally {
            stop.set(true);
            writer.join();
        }
        assertThat(ingest(source, temp.resolve("m.velo"), 1).faults()).isEmpty();
    }

    private Digest hashOf(Digest digest) throws Exception {
        return Digest.of(Files.readAllBytes(store.resolve(BlobStore.nameOf(digest, BlobStore.Form.PLAIN))));
    }

    @Test
    void saysWhereTheManifestCannotGoBeforeItWorks() throws Exception {
        Path source = SourceTree.at(temp.resolve("src")).root();
        assertThatThrownBy(() -> ingest(source, temp.resolve("no/such/dir/m.velo"), 1))
                .isInstanceOf(VeloException.class)
                .hasMessageContaining("its directory does not exist");
        assertThatThrownBy(() -> ingest(source, temp, 1)).hasMessageContaining("it is not a regular file");
        assertThatThrownBy(() -> ingest(source.resolve("plain.txt"), temp.resolve("m.velo"), 1))
                .hasMessageContaining("not a directory");
        assertThatThrownBy(() -> ingest(temp.resolve("none"), temp.resolve("m.velo"), 1))
                .hasMessageContaining("no such file");
    }
}
