package dev.velo.runner;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CallerEnvironmentTest {
    private static CallerEnvironment of(String... assignments) {
        return CallerEnvironment.of(Stream.of(assignments)
                .map(assignment -> assignment.getBytes(StandardCharsets.UTF_8))
                .toList());
    }

    @Test
    void isReadAsText() {
        CallerEnvironment environment = of("A=\u00fc=x", "\u00fc=b", "nothing", "=C:");
        assertThat(environment.text("A")).hasValue("\u00fc=x");
        assertThat(environment.text("B")).isEmpty();
        assertThat(environment.texts()).isEqualTo(Map.of("A", "\u00fc=x", "\u00fc", "b"));
    }

    /** bin/velo replaces it for Java. */
    @Test
    void theLocaleIsTheOneBeforeVeloStarted() {
        assertThat(of("LC_ALL=C.UTF-8", "VELO_CALLER_LC_ALL=de_DE").texts()).isEqualTo(Map.of("LC_ALL", "de_DE"));
        assertThat(of("LC_ALL=C.UTF-8").texts()).isEmpty();
    }

    @Test
    void withoutAScriptInBetweenItIsTheCallers() {
        CallerEnvironment given = CallerEnvironment.asGiven(List.of("LC_ALL=de_DE".getBytes(StandardCharsets.UTF_8)));
        assertThat(given.texts()).isEqualTo(Map.of("LC_ALL", "de_DE"));
    }
}
