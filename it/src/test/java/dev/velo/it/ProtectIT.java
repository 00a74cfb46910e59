package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The immutable flag on manifests and what they need. */
class ProtectIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    /** Nothing else could remove what a test that failed had protected. */
    @AfterEach
    void release() {
        if (Host.isRoot()) {
            work.command(java.util.List.of(
                            "chattr", "-R", "-f", "-i", work.store().getParent().toString()))
                    .run();
        }
    }

    private Path flagged(String content) {
        String digest = work.sh(work.dir("x"), "printf '%s\\n' \"$1\" | sha256sum | cut -c1-64", content)
                .line();
        return work.store()
                .resolve("cas/sha256")
                .resolve(digest.substring(0, 2))
                .resolve(digest.substring(2));
    }

    private boolean immutable(Path file) {
        return work.sh(file.getParent(), "lsattr -d \"$1\" | cut -d' ' -f1", file)
                .line()
                .contains("i");
    }

    private boolean denied(String script, Path file) {
        return work.command(java.util.List.of("bash", "-c", script, "test", file.toString()))
                        .run()
                        .exit()
                != 0;
    }

    @Test
    void notEvenRootChangesWhatIsProtected() {
        Host.needsRoot("sets the immutable flag");
        Path app = work.ingest(
                work.tree("echo shared >shared; echo own >own; printf '#!/bin/sh\\n' >tool; chmod 755 tool"));
        Path other = work.ingest(work.tree("echo shared >shared; echo other >other"));
        String change = "chmod u+w \"$1\" && chmod u-w \"$1\"";
        assertThat(denied(change, flagged("own")))
                .as("control: root can, before")
                .isFalse();

        work.velo("protect", app.toString()).run().succeeds();
        for (Path file : java.util.List.of(flagged("own"), flagged("shared"), app)) {
            assertThat(immutable(file)).isTrue();
            assertThat(denied(change, file)).isTrue();
            assertThat(denied("rm -f \"$1\"", file)).isTrue();
            assertThat(denied("echo x >>\"$1\"", file)).isTrue();
            assertThat(denied("ln \"$1\" \"$1.link\"", file)).isTrue();
        }
        assertThat(immutable(flagged("other"))).isFalse();

        // Shared with another protected manifest: stays until both have let it go.
        work.velo("protect", other.toString()).run().succeeds();
        work.velo("unprotect", app.toString()).run().succeeds();
        assertThat(immutable(flagged("own"))).isFalse();
        assertThat(immutable(flagged("shared"))).isTrue();
        work.velo("unprotect", "--all").run().succeeds();
        assertThat(immutable(flagged("shared"))).isFalse();
        assertThat(work.sh(work.store(), "lsattr -R . 2>/dev/null | grep -c -- '^[^ ]*i[^ ]* ' || true")
                        .line())
                .isEqualTo("0");
    }

    @Test
    void ordinaryFilesAndTrees() throws Exception {
        Host.needsRoot("sets the immutable flag");
        Path tree = work.tree("mkdir -p d/e; echo a >a; echo b >d/b; ln a d/e/again; ln -s ../a d/link; mkfifo f");
        Path file = Files.writeString(work.dir("alone").resolve("file"), "text");
        String change = "echo x >>\"$1\"";
        assertThat(denied(change, tree.resolve("a"))).as("control: before").isFalse();

        // The directory, d, e, a (with two names) and b.
        assertThat(work.velo("protect", tree.toString(), file.toString())
                        .run()
                        .succeeds()
                        .out())
                .isEqualTo("protected  5 inodes  " + tree + "\nprotected  1 inodes  " + file + "\n");
        for (String each : java.util.List.of("a", "d/b", "d/e/again")) {
            assertThat(denied(change, tree.resolve(each))).as(each).isTrue();
        }
        assertThat(denied(change, file)).isTrue();
        assertThat(denied("touch \"$1\"/new", tree.resolve("d/e"))).isTrue();
        assertThat(denied("rm \"$1\"", tree.resolve("d/link"))).isTrue();
        assertThat(work.velo("protect", tree.toString()).run().succeeds().out()).contains(" 0 inodes ");
        work.velo("ingest", tree.toString(), "--skip-special", "-o", work.dir("m") + "/tree.velo")
                .run()
                .succeeds();

        work.velo("unprotect", file.toString(), tree.toString()).run().succeeds();
        assertThat(denied(change, tree.resolve("d/b"))).isFalse();
        assertThat(denied(change, file)).isFalse();
        assertThat(denied("rm \"$1\"", tree.resolve("d/link"))).isFalse();

        // What had been set when it came upon the store is cleared again.
        work.ingest(work.tree("echo a >a"));
        work.velo("protect", work.store().getParent().toString()).run().refuses(1, "the store is in it");
        assertThat(work.sh(work.store().getParent(), "lsattr -R . 2>/dev/null | grep -c -- '^[^ ]*i[^ ]* ' || true")
                        .line())
                .isEqualTo("0");
        work.velo("protect", tree.resolve("nothing").toString()).run().refuses(1, "nothing");
    }

    @Test
    void everythingElseGoesOn() throws Exception {
        Host.needsRoot("sets the immutable flag");
        Path tree = work.tree("echo text >text; echo '#!/bin/sh' >tool; chmod 755 tool");
        Path app = work.ingest(tree);
        String acts = "cat /text; chmod u+w /text; echo more >>/text; tail -n 1 /text; rm -r /tool && echo gone";
        work.inside(app, acts).run().prints("text\nmore\ngone\n");
        work.velo("protect", app.toString()).run().succeeds();
        for (int i = 0; i < 2; i++) {
            work.inside(app, acts).run().prints("text\nmore\ngone\n");
        }
        work.velo("verify").run().succeeds();
        // The same content again, the same manifest at another place, and at the protected place.
        Path again = work.ingest(tree);
        assertThat(again).hasSameBinaryContentAs(app);
        work.velo("ingest", work.tree("echo new >new").toString(), "--output", app.toString())
                .run()
                .refuses(1, app.toString());
        Files.delete(again);
        work.velo("gc", "--run", "--grace", "0s").run().succeeds();
        assertThat(flagged("text")).exists();
        work.velo("roots", "drop", app.toString()).run().refuses(1, "protected", "unprotect");
        assertThat(work.velo("roots").run().succeeds().out()).contains("present,protected  " + app);

        // Its farm, which holds copies, can go like any other.
        work.velo("unprotect", app.toString()).run().succeeds();
        Files.delete(app);
        work.velo("gc", "--run", "--grace", "0s").run().succeeds();
        assertThat(flagged("text")).doesNotExist();
        assertThat(work.sh(work.store(), "ls -A trash leases | grep -v : | grep . || true")
                        .out())
                .isEmpty();
    }

    @Test
    void verifyFindsAFlagThatSomebodyCleared() {
        Host.needsRoot("sets the immutable flag");
        Path app = work.ingest(work.tree("echo text >text"));
        work.velo("protect", app.toString()).run().succeeds();
        work.velo("verify").run().succeeds();
        work.sh(work.store(), "chattr -i \"$1\"", flagged("text"));
        assertThat(work.velo("verify").run().exits(1).out()).contains("lost-protection");
        work.velo("verify", "--repair").run().exits(1);
        assertThat(immutable(flagged("text"))).isTrue();
        work.velo("verify").run().succeeds();
        // Damage below the flag is reported; it cannot be repaired before the protection is taken back.
        work.sh(
                work.store(),
                "chattr -i \"$1\"; chmod u+w \"$1\"; echo TEXT >\"$1\"; chmod u-w \"$1\"; chattr +i \"$1\"",
                flagged("text"));
        assertThat(work.velo("verify", "--repair").run().exits(1).out()).contains("wrong      corrupt-blob");
        work.velo("unprotect", app.toString()).run().succeeds();
    }

    @Test
    void aRunningSandboxIsNotDisturbed() {
        Host.needsRoot("sets the immutable flag");
        Path app = work.ingest(work.tree("echo text >text"));
        var run = work.inside(app, "echo ready; sleep 3; chmod u+w /text; echo more >>/text; tail -n 1 /text")
                .start()
                .says("ready");
        work.velo("protect", app.toString()).run().refuses(1, "running");
        assertThat(immutable(flagged("text"))).isFalse();
        run.await().prints("ready\nmore\n");
        work.velo("protect", app.toString()).run().succeeds();
        assertThat(immutable(flagged("text"))).isTrue();
        work.velo("unprotect", app.toString()).run().succeeds();
    }

    @Test
    void anOrdinaryUserIsToldWhy() {
        Host.needsOrdinaryUser("is refused");
        Path app = work.ingest(work.tree("echo text >text"));
        work.velo("protect", app.toString()).run().refuses(1, "root", "immutable");
        work.velo("unprotect", app.toString()).run().refuses(1, "not protected");
        work.velo("protect", work.tree("echo a >a").toString()).run().refuses(1, "root", "immutable");
        assertThat(work.velo("roots").run().succeeds().out()).doesNotContain("protected");
        work.inside(app, "cat /text").run().prints("text\n");
    }
}
