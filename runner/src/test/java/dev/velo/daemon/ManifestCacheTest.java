package dev.velo.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.UserPath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.Timestamp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestCacheTest {
    /** Long after every file was made. */
    private static final Clock LATER = Clock.fixed(Instant.now().plus(Duration.ofDays(1)), ZoneOffset.UTC);

    @TempDir
    private Path directory;

    private UserPath manifest(String name, int seconds) throws Exception {
        Path file = directory.resolve(name);
        ManifestFile.write(new DirectoryNode(0755, new Timestamp(seconds, 0), false, List.of()), file);
        return UserPath.of(file);
    }

    @Test
    void whatHasNotChangedIsReadOnce() throws Exception {
        ManifestCache cache = new ManifestCache(1 << 20, LATER);
        UserPath file = manifest("a", 1);
        Manifest first = cache.open(file);
        assertThat(cache.open(file)).isSameAs(first);
        UserPath link = UserPath.of(Files.createSymbolicLink(directory.resolve("link"), file.path()));
        assertThat(cache.open(link)).as("by another name").isSameAs(first);
    }

    @Test
    void whatWasReplacedIsReadAgain() throws Exception {
        ManifestCache cache = new ManifestCache(1 << 20, LATER);
        UserPath file = manifest("a", 1);
        Manifest first = cache.open(file);
        manifest("a", 2);
        assertThat(cache.open(file).digest()).isNotEqualTo(first.digest());
    }

    /** Same inode, same size, and the time of modification set back: the time of change tells. */
    @Test
    void whatWasOverwrittenInPlaceIsReadAgain() throws Exception {
        ManifestCache cache = new ManifestCache(1 << 20, LATER);
        UserPath file = manifest("a", 1);
        byte[] other = Files.readAllBytes(manifest("b", 2).path());
        FileTime modified = Files.getLastModifiedTime(file.path());
        Manifest first = cache.open(file);
        Thread.sleep(30);
        file.path().toFile().setWritable(true);
        Files.write(file.path(), other);
        Files.setLastModifiedTime(file.path(), modified);
        assertThat(cache.open(file).digest()).isNotEqualTo(first.digest());
        Thread.sleep(30);
        Files.write(file.path(), new byte[other.length]);
        Files.setLastModifiedTime(file.path(), modified);
        assertThatThrownBy(() -> cache.open(file)).isInstanceOf(ManifestException.class);
        Files.delete(file.path());
        assertThatThrownBy(() -> cache.open(file)).hasMessageContaining("no such file");
    }

    @Test
    void whatHasJustChangedIsNotKept() throws Exception {
        UserPath file = manifest("a", 1);
        ManifestCache cache = new ManifestCache(1 << 20, Clock.fixed(Instant.now(), ZoneOffset.UTC));
        cache.open(file);
        assertThat(cache.size()).isZero();
    }

    @Test
    void theBudgetHoldsAndWhatIsUsedStays() throws Exception {
        UserPath a = manifest("a", 1);
        UserPath b = manifest("b", 2);
        UserPath c = manifest("c", 3);
        ManifestCache cache = new ManifestCache(Files.size(a.path()) * 2, LATER);
        Manifest first = cache.open(a);
        Manifest second = cache.open(b);
        assertThat(cache.open(a)).isSameAs(first);
        cache.open(c);
        assertThat(cache.size()).isEqualTo(2);
        assertThat(cache.open(a)).isSameAs(first);
        assertThat(cache.open(b)).isNotSameAs(second);
        ManifestCache small = new ManifestCache(10, LATER);
        small.open(a);
        assertThat(small.size()).isZero();
    }
}
