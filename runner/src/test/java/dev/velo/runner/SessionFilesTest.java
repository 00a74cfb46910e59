package dev.velo.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;
import dev.velo.shim.SessionDigests;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionFilesTest {
    private static final Digest CONTENT = Digest.of("content".getBytes(StandardCharsets.UTF_8));

    @TempDir
    Path place;

    private Store store;
    private Lease run;
    private Lease lease;
    private Staging staging;

    @BeforeEach
    void open() throws Exception {
        store = Store.openOrCreate(place.resolve("store"));
        run = store.leases().take(Lease.Kind.RUN, List.of());
        lease = store.leases().take(Lease.Kind.INGEST, List.of());
        staging = new Staging(store, store.blobs(), lease);
        Files.createDirectory(run.path().resolve("files"));
    }

    @AfterEach
    void close() {
        lease.close();
        run.close();
        store.close();
    }

    private Path file(int node) throws IOException {
        Path file = run.path().resolve(String.format("files/%08x", node));
        if (!Files.exists(file)) {
            Files.writeString(file, "content");
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
        }
        return file;
    }

    private long inode(Path file) throws IOException {
        return ((Number) Files.getAttribute(file, "unix:ino")).longValue();
    }

    private SessionFiles files(SessionDigests known) {
        return new SessionFiles(store, run.name(), known, Optional.of(staging), 1 << 20);
    }

    private Path blob(Digest digest) {
        return store.path().resolve(new String(BlobStore.nameOf(digest, BlobStore.Form.PLAIN), StandardCharsets.UTF_8));
    }

    /** True where the file itself is the blob now. */
    private boolean becomesTheBlob(Path file) throws Exception {
        long before = inode(file);
        FileNode taken = files(SessionDigests.none()).take(1);
        assertThat(taken.digest()).isEqualTo(CONTENT);
        assertThat(taken.mode()).isEqualTo(0750);
        assertThat(taken.size()).isEqualTo(7);
        staging.commit();
        assertThat(blob(CONTENT)).hasContent("content");
        FileStatus status = store.blobs().status(CONTENT, BlobStore.Form.PLAIN).orElseThrow();
        assertThat(status.permissions()).isEqualTo(0444);
        assertThat(status.modified().seconds()).isEqualTo(946_684_800);
        assertThat(status.uid()).isEqualTo(store.owner().uid());
        assertThat(status.links()).isEqualTo(1);
        return inode(blob(CONTENT)) == before;
    }

    @Test
    void aFileThatNobodyNeedsBecomesTheBlob() throws Exception {
        assertThat(becomesTheBlob(file(1))).isTrue();
        assertThat(run.path().resolve("files/00000001")).doesNotExist();
    }

    @Test
    void oneWithAnotherNameIsCopied() throws Exception {
        Files.createLink(place.resolve("other"), file(1));
        assertThat(becomesTheBlob(file(1))).isFalse();
    }

    @Test
    void oneThatSomebodyWritesToIsCopied() throws Exception {
        try (FileChannel writer = FileChannel.open(file(1), StandardOpenOption.WRITE)) {
            assertThat(becomesTheBlob(file(1))).isFalse();
            assertThat(writer.size()).isEqualTo(7);
        }
    }

    @Test
    void oneWithAttributesOfItsOwnIsCopied() throws Exception {
        UserDefinedFileAttributeView view = Files.getFileAttributeView(file(1), UserDefinedFileAttributeView.class);
        try {
            view.write("x", StandardCharsets.UTF_8.encode("1"));
        } catch (IOException e) {
            assumeThat(false).as("the file system has no attributes: %s", e).isTrue();
        }
        assertThat(becomesTheBlob(file(1))).isFalse();
    }

    @Test
    void twoOfOneContentAreOneBlob() throws Exception {
        file(1);
        file(2);
        SessionFiles files = files(SessionDigests.none());
        assertThat(files.take(1)).isEqualTo(files.take(2));
        assertThat(staging.commit().blobs()).isEqualTo(1);
        assertThat(blob(CONTENT)).hasContent("content");
    }

    @Test
    void theNamesOfANodeAreOneFile() throws Exception {
        file(1);
        SessionFiles files = files(SessionDigests.none());
        assertThat(files.take(1)).isEqualTo(files.take(1));
    }

    private SessionDigests knowing(Digest digest) throws IOException {
        try (Descriptor session =
                        store.files().openDirectory(store.root(), run.place().getBytes(StandardCharsets.UTF_8));
                Descriptor file = store.files()
                        .openRead(store.root(), (run.place() + "/files/00000001").getBytes(StandardCharsets.UTF_8));
                SessionDigests.Writer writer = new SessionDigests.Writer(store.files(), session.number())) {
            writer.add(1, store.files().status(file.number()), digest);
        }
        return SessionDigests.read(run.path());
    }

    /** What is noted here is wrong, so that one sees it. */
    @Test
    void aKnownContentThatTheStoreHasIsNotReadAgain() throws Exception {
        Files.writeString(run.path().resolve("files/00000002"), "another");
        Digest another = Digest.of("another".getBytes(StandardCharsets.UTF_8));
        files(SessionDigests.none()).take(2);
        staging.commit();
        file(1);
        SessionDigests known = knowing(another);
        assertThat(files(known).take(1).digest()).isEqualTo(another);
        assertThat(run.path().resolve("files/00000001")).hasContent("content");
    }

    @Test
    void aKnownContentThatIsCollectedIsStored() throws Exception {
        file(1);
        assertThat(files(knowing(CONTENT)).take(1).digest()).isEqualTo(CONTENT);
        staging.commit();
        assertThat(blob(CONTENT)).hasContent("content");
    }

    @Test
    void whatHasChangedSinceIsRead() throws Exception {
        file(1);
        SessionDigests known = knowing(Digest.of(new byte[] {1}));
        Files.writeString(file(1), "changed");
        assertThat(files(known).take(1).digest()).isEqualTo(Digest.of("changed".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void moreThanTheFileSystemHoldsIsRefused() throws Exception {
        Files.createFile(run.path().resolve("files/00000001"));
        try (FileChannel file = FileChannel.open(file(1), StandardOpenOption.WRITE)) {
            file.write(StandardCharsets.UTF_8.encode("x"), 2 << 20);
        }
        assertThatThrownBy(() -> files(SessionDigests.none()).take(1))
                .isInstanceOf(BoundedSink.TooLargeException.class);
    }
}
