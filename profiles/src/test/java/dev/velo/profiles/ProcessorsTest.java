package dev.velo.profiles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessorsTest {
    @ParameterizedTest
    @CsvSource({"1, 1000", "0.25, 250", "2.125, 2125", "0.01, 10", "1000000, 1000000000"})
    void readsThousandths(String text, long thousandths) {
        assertThat(Processors.parse(text)).isEqualTo(thousandths);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".5", "1.", "0.1234", "-1", "1e3", "two", "0", "0.009", "1000001", "1000000.001"})
    void refusesWhatCannotBeEnforced(String text) {
        assertThatThrownBy(() -> Processors.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not a number of processors");
    }
}
