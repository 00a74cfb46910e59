package dev.velo.cas.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import dev.velo.cas.Progress;
import dev.velo.cas.ingest.IngestRequest;
import dev.velo.cas.ingest.Ingestion;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Quarantine;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreContents;
import dev.velo.cas.store.Twins;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerificationTest {
    private static final Digest CONTENT = Digest.of("content".getBytes(StandardCharsets.UTF_8));

    @TempDir
    Path temp;

    private Store store;

    @BeforeEach
    void ingest() throws Exception {
        store = Store.openOrCreate(temp.resolve("store"));
        Path source = Files.createDirectories(temp.resolve("src"));
        Files.writeString(source.resolve("f"), "content");
        Files.writeString(source.resolve("g"), "other");
        new Ingestion(store, new IngestRequest(source, temp.resolve("m.velo"), List.of(), 1, false), new Progress())
                .run();
    }

    @AfterEach
    void close() {
        store.close();
    }

    private Path blob(BlobStore.Form form) {
        return store.resolve(BlobStore.nameOf(CONTENT, form));
    }

    private void twin() throws Exception {
        try (Lease lease = store.leases().take(Lease.Kind.FARM, List.of())) {
            new Twins(store, store.blobs()).ensure(List.of(CONTENT), lease);
        }
    }

    private void damage(Path path) throws Exception {
        Path copy = temp.resolve("damaged");
        Files.writeString(copy, "Content");
        Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("r--r--r--"));
        Files.setAttribute(copy, "lastModifiedTime", FileTime.fromMillis(946_684_800_000L));
        if (store.files().effectiveUid() == 0) {
            Files.setAttribute(copy, "unix:uid", store.owner().uid());
        }
        Files.move(copy, path, StandardCopyOption.REPLACE_EXISTING);
    }

    private List<Finding> verify(boolean repair) throws Exception {
        return new Verification(store, repair).store();
    }

    @Test
    void aSoundStoreHasNoFindings() throws Exception {
        twin();
        Verification verification = new Verification(store, false);
        assertThat(verification.store()).isEmpty();
        assertThat(verification.checked()).isEqualTo(3);
    }

    @Test
    void findsAChangedBlobAndMovesItAwayOnRepair() throws Exception {
        damage(blob(BlobStore.Form.PLAIN));
        assertThat(verify(false)).singleElement().satisfies(finding -> {
            assertThat(finding.kind()).isEqualTo("corrupt-blob");
            assertThat(finding.object()).isEqualTo(CONTENT.toHex());
        });
        assertThat(blob(BlobStore.Form.PLAIN)).exists();
        assertThat(verify(true)).extracting(Finding::kind).contains("corrupt-blob");
        assertThat(blob(BlobStore.Form.PLAIN)).doesNotExist();
        assertThat(temp.resolve("store/quarantine").toFile().list()).hasSize(1);
        assertThat(verify(false)).extracting(Finding::kind).containsExactly("missing-blob");
    }

    /** Hashing takes long; meanwhile an ingest or another repair may have put sound content under the name. */
    @Test
    void takesOnlyTheFileThatItFoundDamaged() throws Exception {
        byte[] name = BlobStore.nameOf(CONTENT, BlobStore.Form.PLAIN);
        StoreContents.Item item = new StoreContents.Item(name, CONTENT, BlobStore.Form.PLAIN);
        FileStatus damaged = store.files().status(store.root(), name);
        Path blob = blob(BlobStore.Form.PLAIN);
        Path sound = Files.copy(blob, temp.resolve("sound"));
        Files.move(sound, blob, StandardCopyOption.REPLACE_EXISTING);

        assertThat(new Quarantine(store).replace(item, damaged)).isTrue();
        assertThat(blob).hasContent("content");
        // The positive control: the file that is there now, had it been the damaged one.
        assertThat(new Quarantine(store).replace(item, store.files().status(store.root(), name)))
                .isFalse();
        assertThat(blob).doesNotExist();
    }

    @Test
    void restoresABlobFromItsTwin() throws Exception {
        twin();
        damage(blob(BlobStore.Form.PLAIN));
        assertThat(verify(true))
                .singleElement()
                .satisfies(finding -> assertThat(finding.repaired()).isTrue());
        assertThat(Files.readString(blob(BlobStore.Form.PLAIN))).isEqualTo("content");
        assertThat(verify(false)).isEmpty();
    }

    @Test
    void findsModeTimeAndForeignFilesAndMissingBlobs() throws Exception {
        Files.setPosixFilePermissions(blob(BlobStore.Form.PLAIN), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setLastModifiedTime(blob(BlobStore.Form.PLAIN), FileTime.fromMillis(0));
        Files.writeString(temp.resolve("store/cas/sha256/stranger"), "?");
        Digest other = Digest.of("other".getBytes(StandardCharsets.UTF_8));
        Files.delete(store.resolve(BlobStore.nameOf(other, BlobStore.Form.PLAIN)));
        assertThat(verify(true))
                .extracting(Finding::kind)
                .containsExactlyInAnyOrder("wrong-mode", "wrong-time", "foreign-file", "missing-blob");
        assertThat(verify(false)).extracting(Finding::kind).containsExactlyInAnyOrder("foreign-file", "missing-blob");
    }

    @Test
    void findsAChangedManifestAndAChangedCopy() throws Exception {
        byte[] bytes = Files.readAllBytes(temp.resolve("m.velo"));
        bytes[bytes.length / 2] ^= 1;
        Files.write(temp.resolve("m.velo"), bytes);
        assertThat(verify(false)).extracting(Finding::kind).containsExactly("corrupt-manifest");
    }
}
