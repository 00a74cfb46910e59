package dev.velo.profiles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileCatalogTest {
    @TempDir
    Path temp;

    private final ProfileCatalog catalog = new ProfileCatalog(() -> {
        throw new AssertionError("no profile here names system calls");
    });

    private void refused(String nameOrFile, String reason) {
        assertThatThrownBy(() -> catalog.load(nameOrFile, temp))
                .isInstanceOf(ProfileException.class)
                .hasMessageMatching("cannot (read|use) profile [^\n]*: [^\n]*; [^\n]*")
                .hasMessageContaining(nameOrFile + ": " + reason);
    }

    @Test
    void hermeticShowsNothingOfTheHost() throws Exception {
        Profile profile = catalog.load("hermetic", temp);
        assertThat(profile.name()).isEqualTo("hermetic");
        assertThat(profile.mounts()).isEmpty();
        assertThat(profile.hostNetwork()).isFalse();
        assertThat(profile.uid()).isEqualTo(OptionalInt.of(0));
        assertThat(profile.pass()).containsExactly("TERM");
    }

    @Test
    void hostToolsShowsTheHostReadOnlyAndUnderTheManifests() throws Exception {
        Profile profile = catalog.load("host-tools", temp);
        assertThat(profile.name()).isEqualTo("host-tools");
        assertThat(profile.uid()).isEmpty();
        assertThat(profile.hostNetwork()).isFalse();
        assertThat(profile.mounts())
                .hasSizeGreaterThan(10)
                .allMatch(mount -> !mount.writable())
                .allMatch(HostMount::underManifests)
                .contains(new HostMount("/usr", "/usr", false, false, true));
    }

    @Test
    void everyBuiltInProfileLoadsUnderItsName() throws Exception {
        for (String name : ProfileCatalog.BUILT_IN) {
            assertThat(catalog.load(name, temp).name()).isEqualTo(name);
            assertThat(catalog.load(name, temp).limits()).isEqualTo(Limits.NONE);
            assertThat(catalog.load(name, temp).systemCalls()).isEqualTo(SystemCalls.UNCHANGED);
        }
        assertThat(ProfileCatalog.BUILT_IN).startsWith("hermetic").hasSize(2);
    }

    @Test
    void aUsersProfileIsAFile() throws Exception {
        Path file = Files.writeString(temp.resolve("mine.yaml"), "extends: hermetic\ndescription: \u00fcber\n");
        assertThat(catalog.load(file.toString(), temp).description()).isEqualTo("\u00fcber");
        Path odd = Files.writeString(temp.resolve("odd"), "description: by its slash\n");
        assertThat(catalog.load(odd.toString(), temp).description()).isEqualTo("by its slash");
    }

    @Test
    void aFaultInAFileNamesFileLineAndColumn() throws Exception {
        Path file = Files.writeString(temp.resolve("mine.yml"), "name: x\nnope: 1\n");
        refused(file.toString(), "line 2, column 1: unknown key 'nope'");
    }

    @Test
    void saysWhyAFileCannotBeRead() throws Exception {
        refused("hermetik", "there is no such profile");
        refused("", "there is no such profile");
        refused("missing.yaml", "there is no such file");
        refused(temp.resolve("missing").toString(), "there is no such file");
        refused(temp.toString(), "it is a directory");
        Path latin = Files.write(temp.resolve("l.yaml"), "name: caf\u00e9".getBytes(StandardCharsets.ISO_8859_1));
        refused(latin.toString(), "it is not UTF-8");
        Path control = Files.write(temp.resolve("c.yaml"), new byte[] {'n', 'a', 0, 1});
        refused(control.toString(), "line 1, column 3: the character U+0000 cannot stand in a file");
    }

    @Test
    void aFileMayHaveOneMebibyteAndNoMore() throws Exception {
        String head = "name: big\n#";
        Path file = temp.resolve("big.yaml");
        Files.writeString(file, head + "x".repeat((1 << 20) - head.length()));
        assertThat(Files.size(file)).isEqualTo(1 << 20);
        assertThat(catalog.load(file.toString(), temp).name()).isEqualTo("big");
        Files.writeString(file, head + "x".repeat((1 << 20) - head.length() + 1));
        refused(file.toString(), "it is larger than 1 MiB");
        refused("/dev/zero", "it is larger than 1 MiB");
    }
}
