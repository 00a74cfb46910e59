package dev.velo.profiles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "1K, 1024",
        "64K, 65536",
        "512M, 536870912",
        "2G, 2147483648",
        "3T, 3298534883328",
        "64KB, 65536",
        "64KiB, 65536",
        "' 1K ', 1024"
    })
    void readsNumbersWithAndWithoutUnits(String text, long bytes) {
        assertThat(Sizes.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "K", "-1", "1.5G", "1 G", "1k", "1X", "0x10", "1e3", "12345678901234567", "1GG", "1\n2"})
    void refusesWhatIsNoSize(String text) {
        assertThatThrownBy(() -> Sizes.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not a size like 512M or 2G");
    }

    @ParameterizedTest
    @ValueSource(strings = {"999999999999999G", "4194305T", "999999999999999T"})
    void refusesWhatWouldOverflow(String text) {
        assertThatThrownBy(() -> Sizes.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is too large");
    }
}
