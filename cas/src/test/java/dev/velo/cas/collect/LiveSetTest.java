package dev.velo.cas.collect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.ManifestBuilder;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobStore;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LiveSetTest {
    private static boolean has(LiveSet live, Digest digest, BlobStore.Form form) {
        String hex = digest.toHex();
        return live.has(
                Integer.parseInt(hex.substring(0, 2), 16), hex.substring(2).getBytes(StandardCharsets.US_ASCII), form);
    }

    @Test
    void hasExactlyWhatWasAdded() throws Exception {
        Random random = new Random(7);
        List<Digest> used = new ArrayList<>();
        LiveSet live = new LiveSet();
        for (int m = 0; m < 3; m++) {
            List<DirectoryNode.Child> children = new ArrayList<>();
            for (int i = 0; i < 5000; i++) {
                byte[] digest = new byte[Digest.LENGTH];
                random.nextBytes(digest);
                used.add(Digest.fromBytes(digest));
                int mode = i % 3 == 0 ? 0755 : 0644;
                children.add(new DirectoryNode.Child(
                        FileName.of("f%05d".formatted(i)),
                        new FileNode(mode, 1, new Timestamp(0, 0), Digest.fromBytes(digest))));
            }
            byte[] bytes = ManifestBuilder.encode(new DirectoryNode(0755, new Timestamp(0, 0), false, children));
            live.add(Digest.of(bytes), bytes);
            live.add(Digest.of(bytes), bytes);
            assertThat(live.hasManifest(Digest.of(bytes))).isTrue();
        }
        for (int i = 0; i < used.size(); i++) {
            assertThat(has(live, used.get(i), BlobStore.Form.PLAIN)).isTrue();
            assertThat(has(live, used.get(i), BlobStore.Form.EXECUTABLE)).isEqualTo(i % 5000 % 3 == 0);
        }
        for (Digest digest : used) {
            byte[] bytes = digest.toBytes();
            int bit = random.nextInt(256);
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            assertThat(has(live, Digest.fromBytes(bytes), BlobStore.Form.PLAIN))
                    .as("one bit away")
                    .isFalse();
        }
    }

    @Test
    void hexadecimalDigitsAreReadAsJavaReadsThem() {
        Random random = new Random(8);
        for (int i = 0; i < 10_000; i++) {
            long number = random.nextInt() & 0xffff_ffffL;
            byte[] text = "x%08xy".formatted(number).getBytes(StandardCharsets.US_ASCII);
            assertThat(HexDigits.eight(text, 1)).isEqualTo(number);
        }
    }

    @Test
    void aNameThatIsNoDigestIsNotThere() {
        LiveSet live = new LiveSet();
        for (String name : List.of("", "short", "z".repeat(62), "A".repeat(62), "0".repeat(63))) {
            assertThat(live.has(0, name.getBytes(StandardCharsets.US_ASCII), BlobStore.Form.PLAIN))
                    .isFalse();
        }
    }
}
