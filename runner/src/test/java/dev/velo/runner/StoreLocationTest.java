package dev.velo.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.VeloException;
import dev.velo.linkfarm.FarmBudget;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StoreLocationTest {
    @TempDir
    Path home;

    private final Map<String, String> environment = new HashMap<>();

    private Path resolve(String option) throws Exception {
        environment.putIfAbsent("HOME", home.toString());
        return new StoreLocation(environment, home)
                .resolve(Optional.ofNullable(option).map(Path::of));
    }

    @Test
    void eachSourceWinsOverTheNext() throws Exception {
        assertThat(resolve(null)).isEqualTo(home.resolve(".local/share/velo/store"));
        environment.put("XDG_DATA_HOME", "/data");
        assertThat(resolve(null)).isEqualTo(Path.of("/data/velo/store"));
        Files.createDirectories(home.resolve(".config/velo"));
        Files.writeString(home.resolve(".config/velo/config.yaml"), "store: /configured\n");
        assertThat(resolve(null)).isEqualTo(Path.of("/configured"));
        environment.put("VR_THE_SOURCE", "/variable");
        assertThat(resolve(null)).isEqualTo(Path.of("/variable"));
        assertThat(resolve("/option")).isEqualTo(Path.of("/option"));
        environment.put("VR_THE_SOURCE", "a/../variable");
        assertThat(resolve(null)).isEqualTo(home.resolve("a/../variable"));
        assertThat(resolve("option")).isEqualTo(home.resolve("option"));
        // Only the kernel knows where ".." leads when "option" is a link.
        assertThat(resolve("/option/../x")).isEqualTo(Path.of("/option/../x"));
    }

    @Test
    void saysWhatIsWrongWithTheConfiguration() throws Exception {
        Path config = Files.createDirectories(home.resolve(".config/velo")).resolve("config.yaml");
        Files.writeString(config, "store: relative\n");
        assertThatThrownBy(() -> resolve(null)).hasMessageContaining("not an absolute path");
        Files.writeString(config, "store: [\n");
        assertThatThrownBy(() -> resolve(null)).hasMessageContaining("cannot read");
        Files.writeString(config, "store: !!javax.script.ScriptEngineManager []\n");
        assertThatThrownBy(() -> resolve(null)).hasMessageContaining("cannot read");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "store: \"/a\\0b\"",
                "store: \"\\UFFFFFFFF\"",
                "store: &a [[*a]]",
                "store: &a {k: {z: *a}}",
                "x: !!int abc",
                "store: 5",
                "store: [/a]"
            })
    void noConfigurationIsAnInternalError(String text) throws Exception {
        Path config = Files.createDirectories(home.resolve(".config/velo")).resolve("config.yaml");
        Files.writeString(config, text + "\n");
        assertThatThrownBy(() -> resolve(null))
                .isInstanceOf(VeloException.class)
                .hasMessageContaining("config.yaml")
                .hasMessageContaining("write store: /path/to/the/store");
    }

    @Test
    void needsAHome() {
        assertThatThrownBy(() -> new StoreLocation(Map.of(), home).resolve(Optional.empty()))
                .hasMessageContaining("HOME is not set");
    }

    @Test
    void saysWhenAResidentProcessEnds() throws Exception {
        environment.put("HOME", home.toString());
        StoreLocation location = new StoreLocation(environment, home);
        assertThat(location.config().idle()).isEmpty();
        Path config = Files.createDirectories(home.resolve(".config/velo")).resolve("config.yaml");
        Files.writeString(config, "daemon:\n  idle: 90s\n");
        assertThat(location.config().idle()).hasValue(Duration.ofSeconds(90));
        for (String wrong : List.of("90", "soon", "[1]")) {
            Files.writeString(config, "daemon:\n  idle: " + wrong + "\n");
            assertThatThrownBy(() -> location.config().idle())
                    .as(wrong)
                    .isInstanceOf(VeloException.class)
                    .hasMessageContaining("daemon.idle");
        }
    }

    @Test
    void readsTheBudgetOfFarms() throws Exception {
        StoreLocation location = new StoreLocation(environment, home);
        assertThat(location.farms()).isEqualTo(FarmBudget.DEFAULT);
        environment.put("XDG_CONFIG_HOME", "relative");
        assertThat(location.farms()).isEqualTo(FarmBudget.DEFAULT);
        environment.put("HOME", home.toString());
        assertThat(location.farms()).isEqualTo(FarmBudget.DEFAULT);
        Path config = Files.createDirectories(home.resolve(".config/velo")).resolve("config.yaml");
        Files.writeString(config, "farms: {count: 7}\n");
        assertThat(location.farms()).isEqualTo(new FarmBudget(7, FarmBudget.DEFAULT.bytes()));
        Files.writeString(config, "farms: {count: 7, size: 2G}\n");
        assertThat(location.farms()).isEqualTo(new FarmBudget(7, 2L << 30));
        Files.writeString(config, "farms: {size: 8589934592}\n");
        assertThat(location.farms()).isEqualTo(new FarmBudget(FarmBudget.DEFAULT.count(), 8L << 30));
        Files.writeString(config, "farms: nonsense\n");
        assertThat(location.farms()).isEqualTo(FarmBudget.DEFAULT);
    }
}
