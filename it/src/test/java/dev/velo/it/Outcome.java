package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** How a command ended and what it wrote. */
record Outcome(List<String> command, int exit, byte[] stdout, byte[] stderr) {
    String out() {
        return new String(stdout, StandardCharsets.UTF_8);
    }

    String err() {
        return new String(stderr, StandardCharsets.UTF_8);
    }

    /** Standard output without its last line break. */
    String line() {
        return out().strip();
    }

    Outcome succeeds() {
        return exits(0);
    }

    Outcome exits(int status) {
        assertThat(exit).as("exit status of %s", this).isEqualTo(status);
        return this;
    }

    /** Standard output is the payload's: a run that goes well adds nothing to it, nor to standard error. */
    Outcome prints(String expected) {
        succeeds();
        assertThat(out()).as("standard output of %s", this).isEqualTo(expected);
        assertThat(err()).as("standard error of %s", this).isEmpty();
        return this;
    }

    /** The shape of every refusal: this exit status, one line "velo: cannot ...; remedy" on standard error, no stack trace. */
    Outcome refuses(int status, String... fragments) {
        exits(status);
        assertThat(err().strip().lines()).as("lines of %s", this).hasSize(1);
        assertThat(err())
                .as("message of %s", this)
                .contains("cannot ", ": ", "; ")
                .doesNotContain("Exception", "\tat ");
        for (String fragment : fragments) {
            assertThat(err()).as("message of %s", this).contains(fragment);
        }
        return this;
    }

    JsonObject json() {
        JsonElement parsed = JsonParser.parseString(out());
        assertThat(parsed.isJsonObject()).as("a JSON object from %s", this).isTrue();
        return parsed.getAsJsonObject();
    }

    @Override
    public String toString() {
        return "%s%nexit %d%nstdout: %s%nstderr: %s".formatted(String.join(" ", command), exit, out(), err());
    }
}
