package dev.velo.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class CallerArgumentsTest {
    private static final byte[] ODD = {'a', (byte) 0xff};

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void aProgramsArgumentsStayTheBytesThatTheyAre() throws Exception {
        CallerArguments arguments = CallerArguments.of(List.of(bytes("run"), bytes("--"), bytes("\u00fc"), ODD));
        assertThat(arguments.first()).isEqualTo("run");
        assertThat(arguments.garbled()).isEmpty();
        assertThat(arguments.last(List.of("\u00fc", "a\ufffd"))).containsExactly(bytes("\u00fc"), ODD);
        // Not what was written there: made from its text.
        assertThat(arguments.last(List.of("\u00fc", "b"))).containsExactly(bytes("\u00fc"), bytes("b"));
    }

    @Test
    void whatIsNoTextIsFoundBeforeTheProgramAndNotBehind() {
        assertThat(CallerArguments.of(List.of(bytes("cat"), ODD)).garbled()).hasValue("a\ufffd");
        assertThat(CallerArguments.of(List.of(bytes("run"), bytes("--"), ODD)).garbled())
                .isEmpty();
        assertThat(CallerArguments.of(List.of(bytes("a\ufffd"))).garbled()).isEmpty();
    }

    @Test
    void bytesThatAreNotKnownAreNotGuessed() throws Exception {
        CallerArguments arguments = new CallerArguments(List.of("run", "--", "b", "a\ufffd"), List.of());
        assertThat(arguments.last(List.of("b"))).containsExactly(bytes("b"));
        assertThatThrownBy(() -> arguments.last(List.of("a\ufffd"))).isInstanceOf(IOException.class);
        assertThat(new CallerArguments(List.of("cat", "a\ufffd"), List.of()).garbled())
                .hasValue("a\ufffd");
    }

    @Test
    void noArgumentsAreNoCommand() {
        assertThat(CallerArguments.of(List.of()).first()).isEmpty();
        assertThatThrownBy(() -> new CallerArguments(List.of("a"), List.of(ODD, ODD)))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
