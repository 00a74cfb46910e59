package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an ingest takes and what it leaves out, and that it says so. */
@Tag("once")
class IngestSelectionIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static String exported(Path manifest) {
        Path out = work.dir("export").resolve("tree");
        work.velo("export", manifest.toString(), out.toString()).run().succeeds();
        return work.sh(out, "find . -type f | LC_ALL=C sort").out();
    }

    /** The judge is git itself, with the same rules under its own name. */
    @Test
    void ignoreFilesMeanWhatTheyMeanToGit() {
        Host.needsTool("git");
        Path tree = work.tree("""
                mkdir -p a/build a/b/c build doc/sub 'sp ace' out/keep deep/x/y
                for d in . a a/build a/b a/b/c build doc doc/sub 'sp ace' out out/keep deep/x/y; do
                  for f in x.log keep.log x.txt 'trail ' top build.c '#hash' '!bang' a.o b.o Z; do echo "$d/$f" >"$d/$f"; done
                done
                : >"$(printf 'latin-\\351.log')"; : >"$(printf 'latin-\\351.txt')"
                printf '# rules\\n*.log\\n!keep.log\\nbuild/\\n/top\\ndoc/*.txt\\n\\\\#hash\\n\\\\!bang\\na/**/c\\n[ab].o\\nout/*\\n!out/keep\\n**/y/Z\\nlatin-\\351.t?t\\n' >.veloignore
                printf '!a.o\\n/x.txt\\n' >a/.veloignore
                """);
        Path oracle = work.dir("oracle");
        work.sh(oracle, """
                cp -a "$1"/. .; find . -name .veloignore -execdir cp {} .gitignore ';'
                git -c init.defaultBranch=main init -q .; git ls-files -z --others --exclude-standard |
                  tr '\\0' '\\n' | grep -v gitignore | sed 's,^,./,' | LC_ALL=C sort >"$2"
                """, tree, oracle.resolveSibling("expected"));
        String expected =
                work.sh(oracle, "cat \"$1\"", oracle.resolveSibling("expected")).out();
        assertThat(expected).contains("./out/keep/x.txt").doesNotContain("./x.log");
        assertThat(exported(work.ingest(tree))).isEqualTo(expected);

        assertThat(exported(work.ingest(tree, "--no-ignore")))
                .isEqualTo(work.sh(tree, "find . -type f | LC_ALL=C sort").out());
    }

    @Test
    void anUnreadableIgnoreFileIsAFault() {
        Path tree = work.tree("truncate -s 2M .veloignore; echo x >x");
        Path manifest = work.dir("m").resolve("m.velo");
        Outcome outcome = work.velo("ingest", tree.toString(), "--output", manifest.toString())
                .run();
        assertThat(outcome.exit()).isEqualTo(1);
        assertThat(outcome.err())
                .contains(".veloignore: it is larger than 1 MiB")
                .doesNotContain("Exception");
        assertThat(manifest).doesNotExist();
    }

    @Test
    void secretsAreNamedAndLeftOutOnlyOnRequest() {
        Path tree = work.tree("""
                mkdir -p app/.aws; echo A=1 >.env; echo key >app/id_rsa; echo x >app/.aws/credentials; echo ok >app/main.c
                printf -- '-----BEGIN PRIVATE KEY-----\\n' >app/server.pem; printf -- '-----BEGIN CERTIFICATE-----\\n' >app/ca.pem
                for i in $(seq 10); do echo $i >app/.env.n$i; done; echo t >.env.example
                """);
        Path manifest = work.dir("m").resolve("m.velo");
        Outcome taken = work.velo("ingest", tree.toString(), "--output", manifest.toString())
                .run()
                .succeeds();
        assertThat(taken.err().lines())
                .singleElement()
                .asString()
                .contains("14 files", "/.env", "and 4 more", "--exclude-secrets");
        assertThat(exported(manifest)).contains("./.env\n", "./app/id_rsa\n");

        Outcome left = work.velo("ingest", tree.toString(), "--output", manifest.toString(), "--exclude-secrets")
                .run()
                .succeeds();
        assertThat(left.err()).contains("left out 14 files");
        assertThat(exported(manifest)).isEqualTo("./.env.example\n./app/ca.pem\n./app/main.c\n");
    }

    @Test
    void aTreeWithoutSecretsGetsNoWarning() {
        Path tree = work.tree("echo x >x; echo 'a=b' >.npmrc");
        Path manifest = work.dir("m").resolve("m.velo");
        Outcome outcome = work.velo("ingest", tree.toString(), "--output", manifest.toString())
                .run()
                .succeeds();
        assertThat(outcome.err()).isEmpty();
    }
}
