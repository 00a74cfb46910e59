package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One wrong bit anywhere is found and named. */
class VerifyIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final String FLIP = """
            flip() {
              mode=$(stat -c %a "$1"); chmod u+w "$1"
              byte=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
              printf "\\\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
              chmod "$mode" "$1"
            }
            """;

    private Path tree;
    private Path manifest;

    @BeforeEach
    void make() {
        tree = work.tree(
                "mkdir d; echo 'some content' >d/file; echo '#!/bin/sh' >tool; chmod 755 tool; ln -s d/file link");
        manifest = work.ingest(tree);
        work.inside(manifest, "true").run().succeeds();
        work.velo("verify").run().succeeds();
        work.velo("verify", "--manifest", manifest.toString()).run().succeeds();
    }

    private String digest(String file) {
        return work.sh(tree, "sha256sum \"$1\" | cut -c1-64", file).line();
    }

    private void isFound(String... fragments) {
        Outcome outcome = work.velo("verify").run().exits(1);
        assertThat(outcome.out() + outcome.err()).contains(fragments).doesNotContain("Exception");
        Outcome json = work.velo("verify", "--json").run().exits(1);
        assertThat(json.json().toString()).contains(fragments);
    }

    @Test
    void inABlob() {
        String digest = digest("d/file");
        work.sh(work.store(), FLIP + "flip cas/sha256/${1:0:2}/${1:2} 5", digest);
        isFound(digest);
        work.velo("verify", "--manifest", manifest.toString()).run().exits(1);
    }

    @Test
    void inATwin() {
        String digest = digest("tool");
        work.sh(work.store(), FLIP + "flip exec/sha256/${1:0:2}/${1:2} 3", digest);
        isFound(digest);
    }

    @Test
    void inTheModeOfABlob() {
        String digest = digest("d/file");
        work.sh(work.store(), "chmod 0755 cas/sha256/${1:0:2}/${1:2}", digest);
        isFound(digest);
    }

    @Test
    void inAFileOfAFarm() {
        work.sh(work.store(), """
                f=$(find farms -path '*/d/file' | head -n 1); d=$(dirname "$f"); m=$(stat -c %a "$d"); chmod u+w "$d"
                rm -f "$f"; echo 'some cOntent' >"$f"; chmod 444 "$f"; chmod $m "$d"
                """);
        isFound("d/file");
    }

    @Test
    void inALinkOfAFarm() {
        work.sh(work.store(), """
                f=$(find farms -name link -type l | head -n 1); d=$(dirname "$f"); m=$(stat -c %a "$d"); chmod u+w "$d"
                rm -f "$f"; ln -s d/filf "$f"; chmod $m "$d"
                """);
        isFound("link");
    }

    @Test
    void inAManifest() {
        work.sh(tree, FLIP + "flip \"$1\" 200", manifest);
        isFound(manifest.toString());
        work.velo("verify", "--manifest", manifest.toString()).run().exits(1);
    }

    @Test
    void aBlobThatIsGone() {
        String digest = digest("d/file");
        work.sh(work.store(), "rm -f cas/sha256/${1:0:2}/${1:2}", digest);
        Outcome outcome =
                work.velo("verify", "--manifest", manifest.toString()).run().exits(1);
        assertThat(outcome.out() + outcome.err()).contains(digest, "d/file");
        isFound(digest);
    }

    @Test
    void repairMakesADamagedBlobIngestableAgain() {
        String digest = digest("d/file");
        work.sh(work.store(), FLIP + "flip cas/sha256/${1:0:2}/${1:2} 5", digest);
        work.velo("verify", "--repair").run();
        work.velo("ingest", tree.toString(), "--output", manifest.toString(), "--force-hash")
                .run()
                .succeeds();
        work.velo("verify").run().succeeds();
        work.inside(manifest, "cat /d/file").run().prints("some content\n");
    }

    /** What a disk or a hand put in a blob's place must neither pass for the content nor stay. */
    @ParameterizedTest
    @ValueSource(strings = {": >$b", "rm $b; ln -s /etc/passwd $b", "rm $b; mkdir $b"})
    void anIngestDoesNotTrustWhatIsNoBlob(String damage) {
        Path tree = work.tree("echo unique-text >unique; echo other >other");
        work.ingest(tree);
        String find = "b=$(grep -rl unique-text cas | head -n 1); chmod u+w $b; ";
        work.sh(work.store(), find + damage);
        Path again = work.dir("m").resolve("again.velo");
        if (damage.contains("mkdir")) {
            work.velo("verify", "--repair").run().exits(1);
        }
        work.velo("ingest", "--force-hash", tree.toString(), "--output", again.toString())
                .run()
                .succeeds();
        work.velo("cat", again.toString(), "unique").run().prints("unique-text\n");
        work.velo("verify").run().succeeds();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ln -s /etc/passwd $b", "mkdir $b", "mkfifo $b"})
    void aRepairMovesAwayWhatIsNoFile(String foreign) {
        Path tree = work.tree("echo unique-text >unique");
        work.ingest(tree);
        work.sh(work.store(), "b=$(grep -rl unique-text cas | head -n 1); rm -f $b; " + foreign);
        work.velo("verify").run().exits(1);
        work.velo("verify", "--repair").run().exits(1);
        assertThat(work.sh(work.store(), "find cas -mindepth 3 ! -type f; ls quarantine | wc -l")
                        .out())
                .isEqualTo("1\n");
        work.ingest(tree);
        work.velo("verify").run().succeeds();
        assertThat(Path.of("/etc/passwd")).isRegularFile();
    }
}
