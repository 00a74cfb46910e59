package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What is true of every store: one sealed inode for each content, and one more for each content that is executed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StoreInvariantsIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    @BeforeAll
    void fill() {
        Path tree = work.tree("""
                echo same >a; echo same >b; echo '#!/bin/sh' >script; chmod 755 script; cp script plain; chmod 644 plain; : >empty; : >empty2
                echo only-plain >only; echo secret >private; chmod 600 private
                """);
        Path manifest = work.ingest(tree);
        work.inside(manifest, "true").run().succeeds();
    }

    @Test
    void blobsAreSealedAndNeverExecutable() {
        String wrong = work.sh(work.store(), "find cas -type f ! -perm 0444 -printf '%p %m\\n'")
                .out();
        assertThat(wrong).isEmpty();
        assertThat(work.sh(work.store(), "find cas -type f | wc -l").line()).isNotEqualTo("0");
    }

    @Test
    void twinsAreSealedExecutableAndMadeOnlyWhereNeeded() {
        assertThat(work.sh(work.store(), "find exec -type f ! -perm 0555 -printf '%p %m\\n'")
                        .out())
                .isEmpty();
        String script = work.sh(work.store(), "printf '#!/bin/sh\\n' | sha256sum | cut -c1-64")
                .line();
        String only = work.sh(work.store(), "printf 'only-plain\\n' | sha256sum | cut -c1-64")
                .line();
        assertThat(work.store().resolve("exec/sha256/" + sharded(script))).isRegularFile();
        assertThat(work.store().resolve("exec/sha256/" + sharded(only))).doesNotExist();
        assertThat(work.store().resolve("cas/sha256/" + sharded(only))).isRegularFile();
    }

    @Test
    void twinsCanBeReachedByTheirOwnerAlone() {
        assertThat(work.sh(work.store(), "stat -c %a exec").line()).isEqualTo("700");
    }

    @Test
    void everyBlobHasTheNameOfItsContent() {
        String wrong = work.sh(work.store(), """
                find cas/sha256 exec/sha256 -type f | while read -r f; do
                  name=$(echo "$f" | sed 's,^[a-z]*/sha256/,,; s,/,,'); sum=$(sha256sum <"$f" | cut -c1-64); [ "$name" = "$sum" ] || echo "$f"
                done
                """).out();
        assertThat(wrong).isEmpty();
    }

    @Test
    void theEmptyFileOfAFarmIsNoLinkToTheStore() {
        String links = work.sh(work.store(), "find farms -type f -empty -printf '%n %p\\n' | grep -v '^1 ' || true")
                .out();
        assertThat(links).isEmpty();
    }

    private static String sharded(String digest) {
        return digest.substring(0, 2) + "/" + digest.substring(2);
    }
}
