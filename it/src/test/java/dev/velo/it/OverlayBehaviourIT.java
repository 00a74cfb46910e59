package dev.velo.it;

import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The root behaves like a disk: what was removed is gone, and may come back as something else. */
class OverlayBehaviourIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private Path manifest;

    @BeforeEach
    void ingest() {
        manifest = work.ingest(work.tree(
                "mkdir -p d/e/f; echo x >d/x; echo y >d/e/y; echo z >d/e/f/z; echo file >file; ln -s file link"));
    }

    private void inside(String script, String expected) {
        work.inside(manifest, "set -e; " + script).run().prints(expected);
    }

    @Test
    void aLowerDirectoryCanBeRemovedWithAllInIt() {
        inside("rm -rf /d; test ! -e /d; ls / | grep -c '^d$' || true", "0\n");
    }

    @Test
    void aDirectoryMadeOverARemovedOneIsEmpty() {
        inside("rm -rf /d; mkdir /d; ls -A /d; echo new >/d/x; cat /d/x; ls -A /d", "new\nx\n");
    }

    @Test
    void aDirectoryMadeOverARemovedFile() {
        inside("rm /file; mkdir /file; echo in >/file/in; cat /file/in", "in\n");
    }

    @Test
    void aFileMadeOverARemovedDirectory() {
        inside("rm -rf /d; echo plain >/d; cat /d", "plain\n");
    }

    @Test
    void removedFilesCanBeMadeAgainAndRemovedAgain() {
        inside("for i in 1 2 3; do rm /file; echo $i >/file; done; cat /file; rm /file; test ! -e /file", "3\n");
    }

    @Test
    void linksCanBeReplacedAndFollowed() {
        inside(
                "chmod u+w /file; echo through >>/link; cat /file; rm /link; ln -s d/x /link; cat /link",
                "file\nthrough\nx\n");
    }

    @Test
    void aRenamedFileHasLeftItsOldPlace() {
        inside("mv /d/x /moved; test ! -e /d/x; cat /moved; mv /d/e /e; cat /e/f/z; test ! -e /d/e", "x\nz\n");
    }

    @Test
    void theBaseCanBeRemovedToo() {
        inside("busybox rm -rf /etc; test ! -e /etc && echo gone", "gone\n");
        inside("cat /etc/group | head -n 1", "root:x:0:\n");
    }
}
