package dev.velo.cas.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreeRemovalTest {
    private final FileOps files = FileOps.system();

    @TempDir
    Path temp;

    @Test
    void removesClosedDirectoriesAndLeavesTheTargetsOfLinks() throws Exception {
        Path outside = Files.createDirectories(temp.resolve("outside"));
        Files.writeString(outside.resolve("keep"), "x");
        Path tree = Files.createDirectories(temp.resolve("tree/a/b"));
        Files.writeString(tree.resolve("f"), "x");
        Files.createSymbolicLink(tree.resolve("link"), outside);
        files.changeMode(FileOps.CWD, tree.toString().getBytes(StandardCharsets.UTF_8), 0);
        remove("tree");
        assertThat(temp.resolve("tree")).doesNotExist();
        assertThat(outside.resolve("keep")).exists();
        remove("never-was");
    }

    /** Deeper than any path that a system call takes, and deeper than a stack of recursive calls. */
    @Test
    void removesATreeOf3000Levels() throws Exception {
        files.raiseDescriptorLimit();
        byte[] name = "d".repeat(20).getBytes(StandardCharsets.UTF_8);
        List<Descriptor> open = new ArrayList<>();
        Descriptor at = files.openDirectoryFollowing(temp.toString().getBytes(StandardCharsets.UTF_8));
        open.add(at);
        for (int i = 0; i < 3000; i++) {
            files.makeDirectory(at.number(), name, 0700);
            Descriptor next = files.openDirectory(at.number(), name);
            at.close();
            at = next;
        }
        at.close();
        remove(new String(name, StandardCharsets.UTF_8));
        assertThat(temp).isEmptyDirectory();
    }

    private void remove(String name) throws Exception {
        try (Descriptor dir = files.openDirectoryFollowing(temp.toString().getBytes(StandardCharsets.UTF_8))) {
            new TreeRemoval(files).remove(dir.number(), name.getBytes(StandardCharsets.UTF_8));
        }
    }
}
