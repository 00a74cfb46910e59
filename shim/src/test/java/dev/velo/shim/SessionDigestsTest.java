package dev.velo.shim;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionDigestsTest {
    private static final Digest ONE = Digest.of(new byte[] {1});
    private static final Digest TWO = Digest.of(new byte[] {2});

    private final FileOps files = FileOps.system();

    @TempDir
    Path session;

    private static FileStatus status(long inode, long size, long modified, long changed) {
        return new FileStatus(
                FileType.REGULAR,
                0644,
                1,
                0,
                0,
                0x0000000800000001L,
                inode,
                size,
                8,
                new Timestamp(modified, 5),
                new Timestamp(changed, 6),
                0);
    }

    private void write(int count) throws IOException {
        try (Descriptor directory =
                        files.openDirectoryFollowing(session.toString().getBytes(StandardCharsets.UTF_8));
                SessionDigests.Writer writer = new SessionDigests.Writer(files, directory.number())) {
            for (int node = 0; node < count; node++) {
                writer.add(node, status(100 + node, 7, 10, 20), ONE);
            }
            writer.add(0, status(100, 8, 10, 21), TWO);
        }
    }

    private Path file() {
        return session.resolve("digests");
    }

    @Test
    void whatIsNotThereIsNotKnown() throws IOException {
        assertThat(SessionDigests.read(session).of(0, status(100, 7, 10, 20))).isEmpty();
    }

    @Test
    void theLastOneOfANodeCounts() throws IOException {
        write(2000);
        SessionDigests digests = SessionDigests.read(session);
        assertThat(digests.of(0, status(100, 8, 10, 21))).contains(TWO);
        assertThat(digests.of(0, status(100, 7, 10, 20))).isEmpty();
        assertThat(digests.of(1999, status(2099, 7, 10, 20))).contains(ONE);
        assertThat(digests.of(2000, status(2100, 7, 10, 20))).isEmpty();
    }

    @Test
    void eachPartOfTheIdentityCounts() throws IOException {
        write(2);
        SessionDigests digests = SessionDigests.read(session);
        assertThat(digests.of(1, status(101, 7, 10, 20))).contains(ONE);
        assertThat(digests.of(1, status(102, 7, 10, 20))).isEmpty();
        assertThat(digests.of(1, status(101, 6, 10, 20))).isEmpty();
        assertThat(digests.of(1, status(101, 7, 11, 20))).isEmpty();
        assertThat(digests.of(1, status(101, 7, 10, 19))).isEmpty();
    }

    @Test
    void whatIsCutShortOrDamagedEndsIt() throws IOException {
        write(3);
        byte[] whole = Files.readAllBytes(file());
        for (int length = 0; length < whole.length; length++) {
            Files.write(file(), Arrays.copyOf(whole, length));
            SessionDigests digests = SessionDigests.read(session);
            assertThat(digests.of(1, status(101, 7, 10, 20)).isPresent()).isEqualTo(length >= 8 + 2 * 88);
            assertThat(digests.of(0, status(100, 8, 10, 21))).isEmpty();
        }
        for (int at = 8; at < 8 + 88; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 0x10;
            Files.write(file(), damaged);
            assertThat(SessionDigests.read(session).of(1, status(101, 7, 10, 20)))
                    .as("byte %d", at)
                    .isEmpty();
        }
    }

    /** Byte by byte as docs/formats/session-digests.md says. */
    @Test
    void theFormatIsTheOneThatIsWrittenDown() throws IOException {
        write(0);
        ByteBuffer expected = ByteBuffer.allocate(8 + 88).order(ByteOrder.LITTLE_ENDIAN);
        expected.put("VELODGS1".getBytes(StandardCharsets.US_ASCII));
        expected.putInt(0)
                .putInt(5)
                .putInt(6)
                .putLong(0x0000000800000001L)
                .putLong(100)
                .putLong(8);
        expected.putLong(10).putLong(21).put(TWO.toBytes());
        CRC32 checksum = new CRC32();
        checksum.update(expected.array(), 8, 84);
        expected.putInt((int) checksum.getValue());
        assertThat(Files.readAllBytes(file())).isEqualTo(expected.array());
    }
}
