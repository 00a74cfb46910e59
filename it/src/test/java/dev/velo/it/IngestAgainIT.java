package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ingests of a tree that was ingested before: quick, and never wrong. */
@Tag("once")
class IngestAgainIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private Path manifest;

    private String ingest(Path tree, String... options) {
        String[] arguments = new String[5 + options.length];
        System.arraycopy(
                new String[] {"ingest", tree.toString(), "--output", manifest.toString(), "--json"},
                0,
                arguments,
                0,
                5);
        System.arraycopy(options, 0, arguments, 5, options.length);
        return work.velo(arguments).run().succeeds().out().replaceAll("\\s", "");
    }

    private Path tree() {
        manifest = work.dir("m").resolve("m.velo");
        Path tree = work.tree("mkdir d; for i in $(seq 500); do echo \"content $i\" >d/f$i; done; chmod 755 d/f1");
        Command.pause(100);
        return tree;
    }

    @Test
    void whatHasNotChangedIsNotOpened() {
        Host.needsTool("strace");
        Path tree = tree();
        String first = ingest(tree);
        assertThat(first).contains("\"unread_files\":0");
        Path trace = manifest.resolveSibling("trace");
        String again = work.command(java.util.List.of(
                        "strace",
                        "-f",
                        "-qq",
                        "-e",
                        "trace=openat",
                        "-o",
                        trace.toString(),
                        Workspace.VELO.toString(),
                        "ingest",
                        tree.toString(),
                        "--output",
                        manifest.toString(),
                        "--json"))
                .run()
                .succeeds()
                .out()
                .replaceAll("\\s", "");
        assertThat(again).contains("\"unread_files\":500").contains(first.substring(0, 70));
        String opened =
                work.sh(tree, "grep -cE '\"f[0-9]+\"' \"$1\" || true", trace).line();
        assertThat(opened).as("files opened").isEqualTo("0");
        assertThat(ingest(tree, "--force-hash")).contains("\"unread_files\":0").contains(first.substring(0, 70));
        work.velo("verify").run().succeeds();
    }

    @Test
    void whatHasChangedIsRead() {
        Path tree = tree();
        ingest(tree);
        // The same size and time, a new mode, a new name, a deletion.
        work.sh(tree, """
                touch -r d/f7 ref; echo "CONTENT 7" >d/f7; touch -r ref d/f7; rm ref; chmod 755 d/f8; mv d/f9 d/g9; rm d/f10
                """);
        assertThat(ingest(tree)).contains("\"files\":499").contains("\"new_blobs\":1");
        Path out = work.dir("export").resolve("tree");
        work.velo("export", manifest.toString(), out.toString()).run().succeeds();
        assertThat(Snapshot.of(work, out)).isEqualTo(Snapshot.of(work, tree));
        assertThat(work.sh(tree, "rsync -an --checksum --delete -i ./ \"$1\"/", out)
                        .out())
                .isEmpty();
    }

    @Test
    void aCollectionInBetweenTakesNothingThatTheNextManifestNeeds() {
        Path tree = tree();
        ingest(tree);
        work.sh(tree, "rm \"$1\"", manifest);
        work.velo("gc", "--run", "--grace", "0s").run().succeeds();
        assertThat(ingest(tree)).contains("\"new_blobs\":500");
        work.velo("verify", "--manifest", manifest.toString()).run().succeeds();
    }

    @Test
    void aTerminalSeesHowFastItGoes() {
        Host.needsTool("script");
        Host.needsTool("openssl");
        manifest = work.dir("m").resolve("m.velo");
        // Large enough to take longer than the second in which the bar is drawn again.
        Path tree = work.tree(
                "for i in 1 2 3 4; do head -c 400M /dev/zero | openssl enc -aes-128-ctr -K 0$i -iv 0 2>/dev/null >f$i; done");
        String seen = work.sh(
                        tree,
                        "script -qec \"$velo ingest . --output $1\" /dev/null | tr '\\r' '\\n' | grep -a 'files/s' | tail -n 1",
                        manifest)
                .out();
        assertThat(seen).containsPattern("ingest +[0-9]+% .*[0-9]/4 files").containsPattern("iB, .*iB/s");
        String verified = work.sh(
                        tree, "script -qec \"$velo verify\" /dev/null | tr '\\r' '\\n' | grep -a 'files/s' | tail -n 1")
                .out();
        assertThat(verified).containsPattern("verify +[0-9]+% .*[0-9]/4 files").containsPattern("iB, .*iB/s");
        String quiet = work.velo("ingest", tree.toString(), "--output", manifest.toString())
                .run()
                .succeeds()
                .err();
        assertThat(quiet).isEmpty();
    }

    @Test
    void aDamagedCacheIsIgnoredSilently() {
        Path tree = tree();
        String first = ingest(tree);
        work.sh(
                work.store(),
                "for f in cache/*; do printf x | dd of=\"$f\" bs=1 seek=90 conv=notrunc status=none; done");
        Outcome again = work.velo("ingest", tree.toString(), "--output", manifest.toString(), "--json")
                .run()
                .succeeds();
        assertThat(again.err()).isEmpty();
        assertThat(again.out().replaceAll("\\s", ""))
                .contains("\"unread_files\":0")
                .contains(first.substring(0, 70));
    }
}
