package dev.velo.transfer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import java.util.Locale;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class ManifestReferenceTest {
    private static final String HEX = "ab".repeat(32);

    @Test
    void digestWithAndWithoutSize() {
        assertThat(ManifestReference.parse(HEX))
                .contains(new ManifestReference(Digest.fromHex(HEX), OptionalLong.empty()));
        assertThat(ManifestReference.parse(HEX + "/854"))
                .contains(new ManifestReference(Digest.fromHex(HEX), OptionalLong.of(854)));
        assertThat(new Blob(Digest.fromHex(HEX), 854)).hasToString(HEX + "/854");
    }

    @Test
    void everythingElseIsNone() {
        for (String bad : new String[] {
            "",
            "/",
            "x",
            HEX + "/",
            HEX + "/-1",
            HEX + "/1/2",
            HEX + "/9999999999999999999",
            HEX.toUpperCase(Locale.ROOT)
        }) {
            assertThat(ManifestReference.parse(bad)).as(bad).isEmpty();
        }
    }
}
