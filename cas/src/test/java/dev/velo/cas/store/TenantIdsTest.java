package dev.velo.cas.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TenantIdsTest {
    private static final FileOps FILES = FileOps.system();

    @TempDir
    Path directory;

    private interface Work<T> {
        T on(TenantIds ids) throws IOException;
    }

    /** With what a new process reads. */
    private <T> T with(Work<T> work) throws IOException {
        try (Descriptor opened =
                FILES.openDirectoryFollowing(directory.toString().getBytes(StandardCharsets.UTF_8))) {
            return work.on(TenantIds.read(FILES, opened.number()));
        }
    }

    private OptionalInt idOf(String name) throws IOException {
        return with(ids -> ids.of(new TenantName(name)));
    }

    private OptionalInt allot(String name, IdRange range) throws IOException {
        return with(ids -> ids.allot(new TenantName(name), range));
    }

    @Test
    void everyTenantOfARangeGetsAnotherIdAndThenThereIsNone() throws Exception {
        IdRange range = new IdRange(2_000_000_000, 50);
        Set<Integer> given = new HashSet<>();
        for (int i = 0; i < 50; i++) {
            int id = allot("t" + i, range).orElseThrow();
            assertThat(range.contains(id)).isTrue();
            assertThat(given.add(id)).isTrue();
            assertThat(idOf("t0")).isPresent();
        }
        assertThat(allot("one-more", range)).isEmpty();
        assertThat(allot("one-more", new IdRange(2_000_000_000, 51))).hasValue(2_000_000_050);
        assertThat(idOf("one-more")).hasValue(2_000_000_050);
        assertThat(idOf("nobody")).isEmpty();
    }

    @Test
    void theListIsTextThatAnybodyCanRead() throws Exception {
        allot("a", new IdRange(100_000, 1));
        allot("b-2", new IdRange(100_001, 1));
        assertThat(directory.resolve("tenant.ids")).hasContent("velo-tenants 1\n100000 a\n100001 b-2\n");
    }

    @Test
    void whatOneWhoWasKilledHadBegunToWriteIsNothing() throws Exception {
        allot("a", new IdRange(100_000, 2));
        Files.writeString(directory.resolve("tenant.ids.new"), "velo-tenants 1\n10");
        assertThat(idOf("a")).isPresent();
        assertThat(allot("b", new IdRange(100_000, 2))).isPresent();
        assertThat(directory.resolve("tenant.ids.new")).doesNotExist();
        assertThat(allot("c", new IdRange(100_000, 2))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "velo-tenants 2\n",
                "velo-tenants 1",
                "velo-tenants 1\n100000 a",
                "velo-tenants 1\n100000\n",
                "velo-tenants 1\n0 a\n",
                "velo-tenants 1\n-1 a\n",
                "velo-tenants 1\n4294967295 a\n",
                "velo-tenants 1\n100000 ../a\n",
                "velo-tenants 1\n100000 a\n100000 b\n",
                "velo-tenants 1\n100000 a\n100001 a\n"
            })
    void aDamagedListIsRefused(String text) throws Exception {
        Files.writeString(directory.resolve("tenant.ids"), text);
        assertThatThrownBy(() -> allot("x", new IdRange(100_000, 9)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("tenant.ids, is damaged");
        assertThat(directory.resolve("tenant.ids")).hasContent(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "..", "/", "a/b", "A", "-a", "_a", "a.b", "a b", "a\n", "é", "tenant.ids"})
    void whatIsNoNameIsRefused(String text) {
        assertThatThrownBy(() -> new TenantName(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void namesHaveALength() {
        assertThatCode(() -> new TenantName("a".repeat(63))).doesNotThrowAnyException();
        assertThatThrownBy(() -> new TenantName("a".repeat(64))).isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "1:", ":1", "0:1", "1:0", "-1:5", "2147483647:2", "4294967295:1", "1:2:3", "a:b"})
    void whatIsNoRangeIsRefused(String text) {
        assertThatThrownBy(() -> IdRange.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aRangeEndsWhereItSays() {
        IdRange range = IdRange.parse("2147483640:8");
        assertThat(range.last()).isEqualTo(Integer.MAX_VALUE);
        assertThat(range.contains(2147483639)).isFalse();
        assertThat(range.contains(2147483640)).isTrue();
        assertThat(range.contains(Integer.MAX_VALUE)).isTrue();
    }
}
