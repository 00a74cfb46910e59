package dev.velo.cas.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class IgnoreRulesTest {
    private static IgnoreRules rules(String text) {
        return IgnoreRules.NONE.with(TreePath.ROOT, text.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean file(IgnoreRules rules, String path) {
        return rules.matches(TreePath.parse(path), false);
    }

    private static boolean directory(IgnoreRules rules, String path) {
        return rules.matches(TreePath.parse(path), true);
    }

    @Test
    void matchesAsGitDoes() {
        IgnoreRules rules = rules(
                "# comment\n\n*.log\n!keep.log\n/top\nbuild/\na/**/z\ndoc/*.txt\n\\#odd\n\\!not\ntrail  \n[ab].c\r\n");
        assertThat(file(rules, "x.log")).isTrue();
        assertThat(file(rules, "deep/er/x.log")).isTrue();
        assertThat(file(rules, "keep.log")).isFalse();
        assertThat(file(rules, "deep/keep.log")).isFalse();
        assertThat(file(rules, "top")).isTrue();
        assertThat(file(rules, "deep/top")).isFalse();
        assertThat(directory(rules, "deep/build")).isTrue();
        assertThat(file(rules, "deep/build")).isFalse();
        assertThat(file(rules, "a/z")).isTrue();
        assertThat(file(rules, "a/b/c/z")).isTrue();
        assertThat(file(rules, "b/a/z")).isFalse();
        assertThat(file(rules, "doc/a.txt")).isTrue();
        assertThat(file(rules, "doc/sub/a.txt")).isFalse();
        assertThat(file(rules, "#odd")).isTrue();
        assertThat(file(rules, "!not")).isTrue();
        assertThat(file(rules, "trail")).isTrue();
        assertThat(file(rules, "a.c")).isTrue();
        assertThat(file(rules, "c.c")).isFalse();
    }

    @Test
    void deeperFilesHaveTheLastWord() {
        IgnoreRules root = rules("*.o\n");
        IgnoreRules below = root.with(TreePath.parse("sub/dir"), "!*.o\n/own\n".getBytes(StandardCharsets.UTF_8));
        assertThat(file(root, "sub/x.o")).isTrue();
        assertThat(file(below, "sub/dir/x.o")).isFalse();
        assertThat(file(below, "sub/dir/own")).isTrue();
        assertThat(file(below, "sub/dir/deeper/own")).isFalse();
    }

    @Test
    void namesAndPatternsAreBytes() {
        byte[] latin = {'b', (byte) 0xe9, 't', (byte) 0xff};
        IgnoreRules rules =
                IgnoreRules.NONE.with(TreePath.ROOT, new byte[] {'b', (byte) 0xe9, '?', '*', '\n', (byte) 0xff});
        assertThat(rules.matches(TreePath.ROOT.child(FileName.of(latin)), false))
                .isTrue();
        assertThat(rules.matches(TreePath.ROOT.child(FileName.of(new byte[] {(byte) 0xff})), false))
                .isTrue();
        assertThat(rules.matches(TreePath.ROOT.child(FileName.of(new byte[] {(byte) 0xfe})), false))
                .isFalse();
        assertThat(file(rules("日本*\n"), "日本語")).isTrue();
    }

    @Test
    void whatIsNoPatternMatchesNothing() {
        assertThat(file(rules("[\n***\\\n!\n/\n"), "x")).isFalse();
        assertThat(rules("\n# only\n   \n").isEmpty()).isTrue();
        assertThat(file(rules("\ufeffbom\n"), "bom")).isTrue();
    }
}
