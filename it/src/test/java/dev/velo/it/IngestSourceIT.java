package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The tree that is read: never changed, and never misread. */
class IngestSourceIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    @Test
    void theSourceIsLeftAsItWas() {
        Path tree = work.tree("""
                mkdir -p a/b; echo x >a/b/x; cp a/b/x a/b/y; chmod 755 a/b/y; ln a/b/x a/b/hard; ln -s x a/b/link; : >a/empty
                chmod 400 a/b/x; touch -d '2001-01-01T01:01:01.000000001Z' a/b/y a/b a
                """);
        String before = Snapshot.ofInodes(work, tree, ".");
        Path manifest = work.ingest(tree);
        work.inside(manifest, "echo changed >/a/b/x; rm -rf /a").run().succeeds();
        assertThat(Snapshot.ofInodes(work, tree, ".")).isEqualTo(before);

        String shared = work.sh(
                        tree,
                        "find . -type f -printf '%i\\n' | sort -u | while read i; do find \"$1\" -inum $i; done",
                        work.store())
                .out();
        assertThat(shared).as("inodes of the source in the store").isEmpty();
    }

    @Test
    void specialFilesAreNamedAndRefused() {
        Path tree = work.tree(
                "echo x >plain; mkfifo pipe; python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"sock\")' || true");
        Path manifest = work.dir("m").resolve("m.velo");
        Outcome refused = work.velo("ingest", tree.toString(), "--output", manifest.toString())
                .run();
        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.err()).contains("pipe").contains("--skip-special").doesNotContain("Exception");
        if (Files.exists(tree.resolve("sock"))) {
            assertThat(refused.err()).contains("sock");
        }
        assertThat(manifest).doesNotExist();

        work.velo("ingest", tree.toString(), "--output", manifest.toString(), "--skip-special")
                .run()
                .succeeds();
        Path out = work.dir("export").resolve("tree");
        work.velo("export", manifest.toString(), out.toString()).run().succeeds();
        assertThat(out.resolve("plain")).hasContent("x\n");
        assertThat(out.resolve("pipe")).doesNotExist();
    }

    @Test
    void devicesAreNamedAndRefused() {
        Host.needsRoot("only root makes device nodes");
        Path tree = work.tree("mknod null c 1 3; mknod disk b 7 99");
        Path manifest = work.dir("m").resolve("m.velo");
        Outcome refused = work.velo("ingest", tree.toString(), "--output", manifest.toString())
                .run();
        assertThat(refused.exit()).isEqualTo(1);
        assertThat(refused.err()).contains("null").contains("disk").doesNotContain("Exception");
        assertThat(manifest).doesNotExist();
    }

    @Test
    void everyUnreadableFileIsListed() {
        Host.needsOrdinaryUser("root reads every file");
        Path tree = work.tree(
                "for i in $(seq 20); do echo $i >f$i; done; chmod 000 f3 f17; mkdir locked; : >locked/x; chmod 000 locked");
        Path manifest = work.dir("m").resolve("m.velo");
        Outcome failed = work.velo("ingest", tree.toString(), "--output", manifest.toString())
                .run();
        assertThat(failed.exit()).isEqualTo(1);
        assertThat(failed.err()).contains("f3", "f17", "locked").doesNotContain("Exception");
        assertThat(manifest).doesNotExist();
    }

    @Test
    void anExcludedNameIsLeftOutAndOthersAreNot() {
        Path tree = work.tree(
                "mkdir -p src target/classes; : >src/a.java; : >src/a.class; : >target/classes/a.class; : >keep");
        Path manifest = work.ingest(tree, "--exclude", "*.class", "--exclude", "target");
        String listing =
                work.velo("inspect", manifest.toString()).run().succeeds().out();
        assertThat(listing).contains("a.java", "keep").doesNotContain("a.class", "target");
    }

    @Test
    void theManifestMayLieInTheTreeAndIsNotPartOfIt() throws Exception {
        Path tree = work.tree("echo x >x");
        byte[] outside = Files.readAllBytes(work.ingest(tree));
        String time = work.sh(tree, "stat -c %y .").line();
        Path within = tree.resolve("self.velo");
        work.velo("ingest", tree.toString(), "--output", within.toString())
                .run()
                .succeeds();
        work.sh(tree, "touch -d \"$1\" .", time);
        work.velo("ingest", tree.toString(), "--output", within.toString())
                .run()
                .succeeds();
        work.sh(tree, "touch -d \"$1\" .", time);
        assertThat(work.velo("inspect", within.toString()).run().succeeds().out())
                .doesNotContain("self.velo");
        assertThat(outside).isNotEmpty();
    }

    /** A file that is written all the time: the manifest names it in a state that its blob really holds, or the ingest names the file. */
    @Test
    void aFileThatChangesWhileItIsReadNeverGivesAWrongDigest() throws Exception {
        Path tree = work.tree("head -c 8388608 /dev/zero >busy; for i in $(seq 50); do echo $i >f$i; done");
        Process writer = new ProcessBuilder(
                        "bash", "-c", "while :; do head -c 8388608 /dev/urandom >busy; echo $RANDOM >f7; done")
                .directory(tree.toFile())
                .start();
        try {
            for (int round = 0; round < 5; round++) {
                Path manifest = work.dir("m").resolve("m.velo");
                Outcome outcome = work.velo("ingest", tree.toString(), "--output", manifest.toString())
                        .run();
                if (outcome.exit() != 0) {
                    assertThat(outcome.exit()).isEqualTo(1);
                    assertThat(outcome.err()).containsAnyOf("busy", "f7").doesNotContain("Exception");
                    assertThat(manifest).doesNotExist();
                }
            }
        } finally {
            writer.destroyForcibly().waitFor();
        }
        work.velo("verify").run().succeeds();
        assertThat(Files.exists(tree.resolve("busy"))).isTrue();
    }

    @Test
    void aMissingSourceAndAFileAsSourceAreRefused() {
        Path tree = work.tree("echo x >file");
        String manifest = work.dir("m").resolve("m.velo").toString();
        work.velo("ingest", tree.resolve("nowhere").toString(), "--output", manifest)
                .run()
                .refuses(1, "nowhere");
        work.velo("ingest", tree.resolve("file").toString(), "--output", manifest)
                .run()
                .refuses(1, "file");
        assertThat(Path.of(manifest)).doesNotExist();
    }
}
