package dev.velo.cas.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.ForwardingFileOps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoreOpeningTest {
    @TempDir
    Path temp;

    @Test
    void makesAPrivateStoreThatNeverBelongsToRoot() throws Exception {
        Path path = temp.resolve("a/b/store");
        try (Store store = Store.openOrCreate(path)) {
            assertThat(store.owner().uid()).isNotZero();
        }
        assertThat(Files.readString(path.resolve("velo-store"))).isEqualTo("velo-store 1\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rwx------");
        assertThat((int) Files.getAttribute(path.resolve("cas/sha256"), "unix:uid"))
                .isNotZero();
        Store.open(path).close();
    }

    @Test
    void refusesADirectoryWithOtherFiles() throws Exception {
        Path path = Files.createDirectories(temp.resolve("data"));
        Files.writeString(path.resolve("letter.txt"), "mine");
        assertThatThrownBy(() -> Store.openOrCreate(path))
                .isInstanceOf(StoreException.class)
                .hasMessageContaining("letter.txt");
        assertThat(path).isDirectoryContaining("glob:**letter.txt");
        assertThat(path.toFile().list()).hasSize(1);
    }

    @Test
    void refusesANewerVersionAndADamagedMarker() throws Exception {
        Path path = temp.resolve("store");
        Store.openOrCreate(path).close();
        Files.delete(path.resolve("velo-store"));
        Files.writeString(path.resolve("velo-store"), "velo-store 2\n");
        assertThatThrownBy(() -> Store.open(path))
                .hasMessageContaining("format 2")
                .hasMessageContaining("newer velo");
        Files.writeString(path.resolve("velo-store"), "what?\n");
        assertThatThrownBy(() -> Store.open(path)).hasMessageContaining("damaged");
    }

    /** No kernel at hand has a file system that folds case; this one does. */
    @Test
    void refusesAFileSystemThatFoldsCase() throws Exception {
        FileOps folding = new ForwardingFileOps(FileOps.system()) {
            @Override
            public Optional<FileStatus> statusIfPresent(int dir, byte[] name) throws IOException {
                String folded = new String(name, StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
                return super.statusIfPresent(dir, folded.getBytes(StandardCharsets.US_ASCII));
            }
        };
        assertThatThrownBy(() -> new StoreOpening(temp.resolve("store"), folding).openOrCreate())
                .hasMessageContaining("upper case");
        Store.openOrCreate(temp.resolve("other")).close();
    }

    @Test
    void saysSoWhenThereIsNoStore() {
        assertThatThrownBy(() -> Store.open(temp.resolve("none"))).hasMessageContaining("no such directory");
        assertThat(temp.resolve("none")).doesNotExist();
    }

    @Test
    void canBeMadeByManyAtOnce() throws Exception {
        Path path = temp.resolve("store");
        ExecutorService pool = Executors.newFixedThreadPool(8);
        List<Future<?>> results = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            results.add(pool.submit(() -> {
                Store.openOrCreate(path).close();
                return null;
            }));
        }
        for (Future<?> result : results) {
            result.get();
        }
        pool.shutdown();
        Store.open(path).close();
    }

    @Test
    void finishesAStoreWhoseMakerDied() throws Exception {
        Path path = temp.resolve("store");
        Store.openOrCreate(path).close();
        Files.delete(path.resolve("velo-store"));
        Files.delete(path.resolve("farms"));
        Store.openOrCreate(path).close();
        assertThat(path.resolve("farms")).isDirectory();
        assertThat(path.resolve("velo-store")).exists();
    }
}
