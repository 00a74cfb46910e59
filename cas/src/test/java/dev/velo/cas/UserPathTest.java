package dev.velo.cas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class UserPathTest {
    private static final Path DIRECTORY = Path.of("/home/some one");

    @Test
    void leadsFromTheUsersDirectoryAndIsSaidAsItWasWritten() {
        UserPath path = UserPath.of(Path.of("a/../b"), DIRECTORY);
        assertThat(path).hasToString("a/../b");
        assertThat(path.path()).isEqualTo(Path.of("/home/some one/a/../b"));
        assertThat(UserPath.of(Path.of(""), DIRECTORY).path()).isEqualTo(DIRECTORY);
        assertThat(UserPath.of(Path.of("/x"), DIRECTORY).path()).isEqualTo(Path.of("/x"));
    }

    @Test
    void aFailureSpeaksOfItAsTheUserDid() {
        UserPath path = UserPath.of(Path.of("b"), DIRECTORY);
        assertThat(path.told(new NoSuchFileException("/home/some one/b", null, "gone")))
                .isEqualTo("b: gone");
        assertThat(UserPath.of(Path.of("/x")).told(new NoSuchFileException("/x")))
                .isEqualTo("/x");
    }

    @Test
    void anEmptyPathNamesNothing() {
        assertThat(UserPath.of(Path.of(""), DIRECTORY).toBytes()).isEmpty();
        assertThat(UserPath.of(Path.of("."), DIRECTORY).toBytes()).isEqualTo("/home/some one/.".getBytes());
    }

    @Test
    void nothingIsRelativeToWhereThisProcessWorks() {
        assertThatThrownBy(() -> UserPath.of(Path.of("b"))).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> UserPath.of(Path.of("b"), Path.of("c"))).isInstanceOf(IllegalArgumentException.class);
    }
}
