package dev.velo.profiles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** That the property test would see what it looks for. */
class ProfileRulesTest {
    private static final HostMount GOOD = new HostMount("/usr", "/opt", false, false, true);

    private static List<String> broken(
            OptionalInt uid, String hostname, String workdir, String variable, long size, HostMount... mounts) {
        return ProfileRules.broken(new Profile(
                "n",
                "",
                uid,
                OptionalInt.empty(),
                hostname,
                workdir,
                Map.of(variable, "v"),
                List.of(variable),
                false,
                size,
                1,
                List.of(mounts),
                Limits.NONE,
                SystemCalls.UNCHANGED));
    }

    @Test
    void aGoodProfileBreaksNone() {
        assertThat(broken(OptionalInt.of(5), "a.b-c", "/w/x", "A", 1, GOOD)).isEmpty();
    }

    @Test
    void everyRuleCanBeBroken() {
        OptionalInt caller = OptionalInt.empty();
        assertThat(broken(OptionalInt.of(-1), "a", "/", "A", 1)).hasSize(1);
        for (String hostname : List.of("", "-a", "a.", "a_b", "a\n", "a".repeat(65))) {
            assertThat(broken(caller, hostname, "/", "A", 1)).as(hostname).hasSize(1);
        }
        for (String workdir : List.of("", "w", "/w/", "/w/../x", "/./w", "//", "/w\0", "/\ud800")) {
            assertThat(broken(caller, "a", workdir, "A", 1)).as(workdir).hasSize(1);
        }
        assertThat(broken(caller, "a", "/", "A=B", 1)).hasSize(2);
        assertThat(broken(caller, "a", "/", "", 1)).hasSize(2);
        assertThat(broken(caller, "a", "/", "A", 0)).hasSize(1);
        assertThat(broken(caller, "a", "/", "A", Long.MAX_VALUE)).hasSize(1);
        assertThat(broken(caller, "a", "/", "A", 1, GOOD, GOOD)).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "/usr, /, false, false",
        "/usr, /proc, false, false",
        "/usr, /dev/shm, false, false",
        "/pro*, /pro*, false, false",
        "/*, /*, false, false",
        "/a*/b, /a*/b, false, false",
        "/a*, /b, false, false",
        "usr, /opt, false, false",
        "/usr, /opt/, false, false",
        "/usr, /opt, true, true"
    })
    void everyRuleOfMountsCanBeBroken(String source, String target, boolean writable, boolean under) {
        assertThat(broken(OptionalInt.empty(), "a", "/", "A", 1, new HostMount(source, target, writable, false, under)))
                .hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "cannot read profile q.yaml: line 1, column 1: bad; do",
                "cannot read profile p.yaml: line 3, column 1: bad; do",
                "cannot read profile p.yaml: line 1, column 5: bad; do",
                "cannot read profile p.yaml: line 0, column 1: bad; do",
                "cannot read profile p.yaml: bad; do",
                "cannot read profile p.yaml: line 1, column 1: bad",
                "cannot read profile p.yaml: line 1, column 1: bad\n; do",
                "cannot read profile p.yaml: line 1, column 1: bad\u009b; do",
                "cannot read profile p.yaml: line 1, column 1: bad\u2028; do",
                "null",
            })
    void aBadMessageIsSeen(String message) {
        byte[] document = "abc\nd".getBytes(StandardCharsets.UTF_8);
        assertThatThrownBy(() -> FaultLine.check(message, "p.yaml", document)).isInstanceOf(AssertionError.class);
        assertThatCode(() ->
                        FaultLine.check("cannot read profile p.yaml: line 1, column 4: bad; do", "p.yaml", document))
                .doesNotThrowAnyException();
    }
}
