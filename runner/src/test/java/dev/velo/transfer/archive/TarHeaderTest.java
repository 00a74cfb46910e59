package dev.velo.transfer.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarHeaderTest {
    private static final String NAME = "blobs/sha256/" + "ab".repeat(32);

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 511, 512, 513, (1L << 33) - 1, 1L << 33, 1L << 40, Long.MAX_VALUE >> 1})
    void sizesComeBack(long size) throws Exception {
        TarHeader header = new TarHeader(NAME, false, size);
        assertThat(TarHeader.decode(header.encode())).isEqualTo(header);
        assertThat(header.paddedSize()).isBetween(size, size + 511);
        assertThat(header.paddedSize() % TarHeader.BLOCK).isZero();
    }

    @Test
    void zerosEndAnArchive() throws Exception {
        assertThat(TarHeader.decode(new byte[TarHeader.BLOCK])).isNull();
    }

    /** Whatever the bytes are: a header, or told what is wrong. */
    @Test
    void anyChangeIsFoundOrHarmless() {
        Random random = new Random(8);
        TarHeader header = new TarHeader(NAME, false, 12345);
        int refused = 0;
        for (int i = 0; i < 100_000; i++) {
            byte[] block = header.encode();
            for (int flips = 1 + random.nextInt(4); flips > 0; flips--) {
                block[random.nextInt(TarHeader.BLOCK)] ^= (byte) (1 << random.nextInt(8));
            }
            try {
                TarHeader read = TarHeader.decode(block);
                assertThat(read.size()).isNotNegative();
            } catch (TarHeader.Malformed e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(90_000);
    }

    @Test
    void aSizeBeyondAllFilesIsRefused() {
        byte[] block = new TarHeader(NAME, false, 1L << 40).encode();
        Arrays.fill(block, 125, 136, (byte) 0xff);
        assertThatThrownBy(() -> TarHeader.decode(block)).isInstanceOf(TarHeader.Malformed.class);
    }
}
