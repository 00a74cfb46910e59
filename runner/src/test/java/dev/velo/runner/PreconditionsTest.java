package dev.velo.runner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.UserPath;
import dev.velo.cas.store.Store;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreconditionsTest {
    private static final long DAY_S = 86_400;

    @TempDir
    private Path directory;

    private Store store;
    private Path file;

    @BeforeEach
    void open() throws Exception {
        store = Store.openOrCreate(directory.resolve("store"));
        file = Files.writeString(directory.resolve("file"), "one");
    }

    @AfterEach
    void close() {
        store.close();
    }

    private static Preconditions of(Path... files) {
        return Preconditions.of(List.of(files).stream().map(UserPath::of).toList());
    }

    private static long later() {
        return Instant.now().getEpochSecond() + DAY_S;
    }

    @Test
    void holdForWhatHasNotChanged() throws Exception {
        Preconditions now = of(file, directory.resolve("nothing"));
        assertThat(now.hold(store)).isTrue();
        assertThat(now.wouldTell(later())).isTrue();
    }

    @Test
    void aChangeInPlaceShowsThoughItsTimeWasSetBack() throws Exception {
        FileTime time = Files.getLastModifiedTime(file);
        Preconditions now = of(file);
        Thread.sleep(20);
        Files.writeString(file, "two");
        Files.setLastModifiedTime(file, time);
        assertThat(now.hold(store)).isFalse();
    }

    @Test
    void anotherFileInItsPlaceShows() throws Exception {
        Path other = Files.writeString(directory.resolve("other"), "one");
        Preconditions now = of(file);
        Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
        assertThat(now.hold(store)).isFalse();
    }

    @Test
    void whatGoesAndWhatComesShows() throws Exception {
        Path missing = directory.resolve("missing");
        Preconditions without = of(missing);
        Files.writeString(missing, "x");
        assertThat(without.hold(store)).isFalse();
        Preconditions with = of(file);
        Files.delete(file);
        assertThat(with.hold(store)).isFalse();
    }

    @Test
    void aYoungFileAndOneFromTheFutureTellNothing() {
        assertThat(of(file).wouldTell(Instant.now().getEpochSecond())).isFalse();
        assertThat(of(file).wouldTell(Instant.now().getEpochSecond() - DAY_S))
                .as("the clock was put back")
                .isFalse();
    }

    @Test
    void whatIsNoFileTellsNothing() throws Exception {
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        assertThat(of(link).wouldTell(later())).isFalse();
        assertThat(of(directory).wouldTell(later())).isFalse();
        assertThat(of(file, link).and(of(file)).wouldTell(later())).isFalse();
    }

    @Test
    void whatTheStoreKeepsIsLookedFor() throws Exception {
        Preconditions kept = Preconditions.ofStore(List.of("farms/x".getBytes(StandardCharsets.UTF_8)));
        assertThat(kept.hold(store)).isFalse();
        Files.createDirectory(directory.resolve("store/farms/x"));
        assertThat(kept.hold(store)).isTrue();
        assertThat(of(file).and(kept).hold(store)).isTrue();
        Files.delete(file);
        assertThat(kept.and(of(file)).hold(store)).as("it is gone now as then").isTrue();
    }
}
