package dev.velo.cas.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.fail;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Manifests that lost or changed bits on their way. */
class DamagedManifestTest {
    @TempDir
    Path temp;

    @ParameterizedTest
    @EnumSource
    void everyTruncationIsRefused(GoldenTree golden) {
        byte[] whole = golden.bytes();
        for (int length = 0; length < whole.length; length++) {
            refused(Arrays.copyOf(whole, length), "truncated to " + length);
        }
        refused(Arrays.copyOf(whole, whole.length + 1), "one byte more");
    }

    @ParameterizedTest
    @EnumSource
    void everyFlippedBitIsRefused(GoldenTree golden) {
        byte[] bytes = golden.bytes();
        for (int bit = 0; bit < 8 * bytes.length; bit++) {
            bytes[bit / 8] ^= (byte) (1 << (bit % 8));
            refused(bytes, "bit " + bit);
            bytes[bit / 8] ^= (byte) (1 << (bit % 8));
        }
    }

    private static void refused(byte[] bytes, String what) {
        try {
            Manifest.fromBytes(bytes, "x.velo");
        } catch (ManifestException e) {
            assertThat(e.getMessage()).as(what).matches("cannot read manifest x\\.velo: [^\\n]+; [^\\n]+");
            return;
        }
        fail(what + " passes");
    }

    /** The file is checked before and after its rest is read; both must say the same. */
    @Test
    void filesAreRefusedLikeBytes() throws Exception {
        byte[] whole = GoldenTree.LAYER.bytes();
        for (int length : new int[] {0, 7, 8, 127, 128, 129, whole.length - 1}) {
            byte[] part = Arrays.copyOf(whole, length);
            Path file = Files.write(temp.resolve("m.velo"), part);
            String ofBytes = catchThrowable(() -> Manifest.fromBytes(part, file.toString()))
                    .getMessage();
            assertThat(catchThrowable(() -> Manifest.open(file)))
                    .isInstanceOf(ManifestException.class)
                    .hasMessage(ofBytes);
        }
        whole[whole.length - 1] ^= 1;
        Path file = Files.write(temp.resolve("m.velo"), whole);
        assertThat(catchThrowable(() -> Manifest.open(file)))
                .isInstanceOf(ManifestException.class)
                .hasMessageContaining(file + ": byte 128 and on: the digest of the contents does not match");
    }
}
