package dev.velo.cas.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The bytes of format 1 do not change: files that were written once are read for ever, and the same tree keeps its identity. */
class GoldenManifestTest {
    @ParameterizedTest
    @EnumSource
    void encodesToTheGoldenBytes(GoldenTree golden) {
        assertThat(ManifestBuilder.encode(golden.root())).isEqualTo(golden.bytes());
    }

    @ParameterizedTest
    @EnumSource
    void decodesToTheTree(GoldenTree golden) throws Exception {
        Manifest manifest = Manifest.fromBytes(golden.bytes(), "golden");
        assertThat(manifest.tree()).isEqualTo(golden.root());
        assertThat(manifest.toBytes()).isEqualTo(golden.bytes());
    }

    @ParameterizedTest
    @EnumSource
    void isDescribedBesideIt(GoldenTree golden) {
        assertThat(TreeText.of(golden.root())).isEqualTo(new String(golden.description(), StandardCharsets.UTF_8));
    }
}
