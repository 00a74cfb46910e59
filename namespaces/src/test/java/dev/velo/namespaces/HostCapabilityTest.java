package dev.velo.namespaces;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostCapabilityTest {
    @Test
    void readsWhatTheLauncherPrints() throws Exception {
        assertThat(HostCapability.parse("landlock\toptional\tyes\t\t\t\tABI 7"))
                .isEqualTo(new HostCapability("landlock", false, true, "", "", "", "ABI 7"));
        assertThat(HostCapability.parse("proc\tneeded\tno\tproc-masked\tparts are covered\trun it elsewhere\t"))
                .isEqualTo(new HostCapability(
                        "proc", true, false, "proc-masked", "parts are covered", "run it elsewhere", ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "proc ok", "proc\tneeded\tyes\t\t\t", "proc\tneeded\tyes\t\t\t\t\t"})
    void refusesWhatAnotherLauncherMayPrint(String line) {
        assertThatThrownBy(() -> HostCapability.parse(line))
                .isInstanceOf(LaunchException.class)
                .hasMessageContaining("install velo again");
    }
}
