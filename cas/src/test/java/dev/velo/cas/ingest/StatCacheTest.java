package dev.velo.cas.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.posix.Timestamp;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StatCacheTest {
    private static final Digest MANIFEST = Digest.of("manifest".getBytes(StandardCharsets.US_ASCII));

    private static FileStatus status(long device, long inode, long size, Timestamp modified, Timestamp changed) {
        return new FileStatus(FileType.REGULAR, 0644, 1, 0, 0, device, inode, size, 8, modified, changed, 0);
    }

    /** Devices and inodes on both sides of the sign bit, times before the epoch. */
    private static List<FileStatus> files() {
        return List.of(
                status(0x0000_0008_0000_0001L, 12, 0, new Timestamp(0, 0), new Timestamp(1, 2)),
                status(0x0000_0008_0000_0001L, 13, 5, new Timestamp(-1, 999_999_999), new Timestamp(1_700_000_000, 7)),
                status(0x0000_0008_0000_0001L, -1, 1L << 40, new Timestamp(1, 0), new Timestamp(2, 0)),
                status(0xf000_0000_0000_0002L, 3, 77, new Timestamp(3, 4), new Timestamp(5, 6)));
    }

    private static Digest digestOf(FileStatus file) {
        return Digest.of(("content " + file.inode()).getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] bytes(List<FileStatus> files) {
        StatCache.Notes notes = new StatCache.Notes();
        files.forEach(file -> notes.add(file, digestOf(file)));
        return StatCache.EMPTY.successor(new byte[0], notes, MANIFEST);
    }

    @Test
    void hasTheGoldenBytesInWhateverOrderFilesWereRead() throws Exception {
        List<FileStatus> shuffled = new ArrayList<>(files());
        Collections.shuffle(shuffled, new Random(7));
        byte[] golden;
        try (InputStream in = StatCacheTest.class.getResourceAsStream("/golden/stat-cache.bin")) {
            golden = in.readAllBytes();
        }
        assertThat(bytes(files())).isEqualTo(golden);
        assertThat(bytes(shuffled)).isEqualTo(golden);
    }

    @Test
    void findsExactlyTheFileInExactlyItsState() {
        StatCache cache = StatCache.of(bytes(files()));
        assertThat(cache.count()).isEqualTo(4);
        assertThat(cache.manifest()).isEqualTo(MANIFEST);
        for (FileStatus file : files()) {
            assertThat(cache.digest(cache.find(file))).isEqualTo(digestOf(file));
            Timestamp m = file.modified();
            Timestamp c = file.changed();
            Timestamp other = new Timestamp(m.seconds(), m.nanos() == 1 ? 2 : 1);
            assertThat(cache.find(status(file.device() + 7, file.inode(), file.size(), m, c)))
                    .isNegative();
            assertThat(cache.find(status(file.device(), file.inode() + 100, file.size(), m, c)))
                    .isNegative();
            assertThat(cache.find(status(file.device(), file.inode(), file.size() + 1, m, c)))
                    .isNegative();
            assertThat(cache.find(status(file.device(), file.inode(), file.size(), other, c)))
                    .isNegative();
            assertThat(cache.find(status(
                            file.device(), file.inode(), file.size(), m, new Timestamp(c.seconds() + 1, c.nanos()))))
                    .isNegative();
        }
    }

    @Test
    void aSuccessorKeepsWhatWasMarkedAndTakesWhatIsNew() {
        StatCache first = StatCache.of(bytes(files()));
        StatCache.Notes notes = new StatCache.Notes();
        FileStatus fresh = status(1, 1, 1, new Timestamp(1, 1), new Timestamp(1, 1));
        FileStatus linked = files().get(1);
        notes.add(fresh, Digest.EMPTY);
        notes.add(linked, digestOf(linked));
        notes.add(linked, digestOf(linked));
        byte[] kept = new byte[4];
        kept[first.find(files().get(0))] = 1;
        kept[first.find(linked)] = 1;
        StatCache second = StatCache.of(first.successor(kept, notes, Digest.EMPTY));
        assertThat(second.count()).isEqualTo(3);
        assertThat(second.manifest()).isEqualTo(Digest.EMPTY);
        assertThat(second.digest(second.find(fresh))).isEqualTo(Digest.EMPTY);
        assertThat(second.find(files().get(0))).isNotNegative();
        assertThat(second.find(linked)).isNotNegative();
        assertThat(second.find(files().get(2))).isNegative();
    }

    @Test
    void whateverIsDamagedIsIgnored() {
        byte[] good = bytes(files());
        assertThat(StatCache.of(good).count()).isEqualTo(4);
        for (int at = 0; at < good.length; at++) {
            byte[] bad = good.clone();
            bad[at] ^= 0x10;
            assertThat(StatCache.of(bad).count()).as("byte %d", at).isZero();
        }
        for (int length = 0; length < good.length; length++) {
            assertThat(StatCache.of(Arrays.copyOf(good, length)).count())
                    .as("length %d", length)
                    .isZero();
        }
        assertThat(StatCache.of(Arrays.copyOf(good, good.length + 1)).count()).isZero();
    }
}
