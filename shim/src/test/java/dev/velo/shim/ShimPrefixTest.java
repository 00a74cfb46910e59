package dev.velo.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ShimPrefixTest {
    @TempDir
    Path directory;

    private ShimPrefix of(String wanted) throws VeloException {
        return ShimPrefix.of(Optional.ofNullable(wanted), directory.resolve("store"));
    }

    @Test
    void itIsTheUsualOneWhereNobodyWantsAnother() throws VeloException {
        assertThat(of(null).path()).isEqualTo("/vrift");
        assertThat(of("").path()).isEqualTo("/vrift");
    }

    @Test
    void slashesThatSayNothingAreDropped() throws VeloException {
        assertThat(of("//a///b/").path()).isEqualTo("/a/b");
        assertThat(of("/x").path()).isEqualTo("/x");
    }

    @ParameterizedTest
    @ValueSource(strings = {"relative", "./a", "/", "///", "/a/..", "/a/./b", "/proc", "/dev/shm/x", "/sys/fs"})
    void whatNoTreeCanBeShownAtIsRefused(String wanted) {
        assertThatThrownBy(() -> of(wanted)).isInstanceOf(VeloException.class).hasMessageContaining(wanted);
    }

    @Test
    void itMustFitTheShim() throws VeloException {
        assertThat(of("/" + "x".repeat(254)).path()).hasSize(255);
        assertThatThrownBy(() -> of("/" + "x".repeat(255))).hasMessageContaining("longer");
    }

    @Test
    void itHidesADirectoryAsAMountWould() throws VeloException, IOException {
        Path full = Files.createDirectories(directory.resolve("full/below"));
        ShimPrefix prefix = of(full.getParent().toString());
        assertThat(prefix.hides(full)).isTrue();
        assertThat(prefix.hides(full.getParent())).isTrue();
        assertThat(prefix.hides(directory.resolve("fuller"))).isFalse();
    }

    @Test
    void aFileAndALinkToNowhereAreInTheWay() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("nowhere"));
        assertThatThrownBy(() -> of(file.toString())).hasMessageContaining("not a directory");
        assertThatThrownBy(() -> of(link.toString())).hasMessageContaining("not a directory");
    }

    @Test
    void itIsNeitherInTheStoreNorAboveIt() throws IOException {
        Path store = Files.createDirectories(directory.toRealPath().resolve("store"));
        Path link = Files.createSymbolicLink(directory.resolve("way"), store);
        for (String wanted : new String[] {store.toString(), store + "/cas", store.getParent() + "", link + "/new"}) {
            assertThatThrownBy(() -> ShimPrefix.of(Optional.of(wanted), store))
                    .as(wanted)
                    .hasMessageContaining("store " + store);
        }
    }
}
