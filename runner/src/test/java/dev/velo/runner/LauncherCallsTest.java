package dev.velo.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.profiles.ProfileException;
import dev.velo.profiles.SystemCalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LauncherCallsTest {
    @TempDir
    Path home;

    /** A launcher that prints this. */
    private LauncherCalls printing(String text) throws Exception {
        Path program = Files.createDirectories(home.resolve("libexec")).resolve("velo-launch");
        Files.writeString(program, "#!/bin/sh\n[ \"$*\" = --syscalls ] && printf '" + text + "'\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return new LauncherCalls(new Installation(home));
    }

    @Test
    void readsNamesAndTheirRules() throws Exception {
        assertThat(printing("a free\\nb_2 denied\\nc fixed\\nd checked\\ne needed\\n")
                        .read())
                .isEqualTo(Map.of(
                        "a", SystemCalls.Rule.FREE,
                        "b_2", SystemCalls.Rule.DENIED,
                        "c", SystemCalls.Rule.FIXED,
                        "d", SystemCalls.Rule.CHECKED,
                        "e", SystemCalls.Rule.NEEDED));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a", "a free\\nb\\n", "a free\\nb perhaps\\n", "a free twice\\n", "\\n"})
    void aLauncherThatSaysSomethingElseIsNotBelieved(String text) throws Exception {
        LauncherCalls calls = printing(text);
        assertThatThrownBy(calls::read)
                .isInstanceOf(ProfileException.class)
                .hasMessage("cannot check the system calls of a profile: " + home.resolve("libexec/velo-launch")
                        + " does not list them; use bin/velo and velo-launch of one distribution");
    }

    @Test
    void aLauncherThatIsNotThereIsNamed() {
        assertThatThrownBy(new LauncherCalls(new Installation(home))::read)
                .isInstanceOf(ProfileException.class)
                .hasMessageMatching("cannot execute [^\n]*/libexec/velo-launch: [^\n]*; [^\n]*");
    }
}
