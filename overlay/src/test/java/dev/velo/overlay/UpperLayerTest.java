package dev.velo.overlay;

import static dev.velo.overlay.Upper.LOWER;
import static dev.velo.overlay.Upper.NOW;
import static dev.velo.overlay.Upper.at;
import static dev.velo.overlay.Upper.child;
import static dev.velo.overlay.Upper.lines;
import static dev.velo.overlay.Upper.lower;
import static dev.velo.overlay.Upper.lowerLink;
import static dev.velo.overlay.Upper.node;
import static dev.velo.overlay.Upper.tree;
import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.LayerMerge;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.ForwardingFileOps;
import dev.velo.cas.store.StoreLayout;
import dev.velo.cas.store.TreeRemoval;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UpperLayerTest {
    @TempDir
    Path temp;

    private Upper upper;

    @BeforeEach
    void make() throws IOException {
        upper = new Upper(temp.resolve("run/upper"));
    }

    @Test
    void filesThatShowedTheirOwnModeAndTimeChangeWithThem() throws Exception {
        DirectoryNode lower = tree(
                child("chmod", lower("x", 0644)), child("same", lower("x", 04755)), child("touched", lower("x", 0600)));
        upper.directory("", lower.mode(), NOW);
        upper.file("chmod", "x", 0444, LOWER);
        upper.file("same", "x", 0755, LOWER);
        upper.file("touched", "x", 0600, StoreLayout.FIXED_TIME);
        ChangeSet changes = upper.exact().read(lower);
        assertThat(lines(changes)).containsExactlyInAnyOrder("m /chmod", "m /touched");
        assertThat(at(changes.tree(), "same")).isEqualTo(lower("x", 04755));
        assertThat(at(changes.tree(), "chmod")).isEqualTo(lower("x", 0444));
    }

    @Test
    void nothingWrittenIsNothingChanged() throws Exception {
        DirectoryNode lower = tree(child("f", lower("x", 0644)));
        upper.directory("", lower.mode(), NOW);
        ChangeSet changes = upper.read(lower);
        assertThat(changes.changes()).isEmpty();
        assertThat(changes.refused()).isEmpty();
        assertThat(changes.tree()).isEqualTo(new DirectoryNode(lower.mode(), NOW, false, List.of()));
    }

    @Test
    void theModeOfTheRootIsAChangeAndItsTimeIsNone() throws Exception {
        DirectoryNode lower = tree(child("f", lower("x", 0644)));
        upper.directory("", 0711, NOW);
        ChangeSet changes = upper.read(lower);
        assertThat(lines(changes)).containsExactly("m /");
        assertThat(changes.tree()).isEqualTo(new DirectoryNode(0711, NOW, false, List.of()));
        assertThat(LayerMerge.apply(lower, changes.tree()).children()).isEqualTo(lower.children());
    }

    @Test
    void addsModifiesAndRemoves() throws Exception {
        DirectoryNode lower = tree(
                child("d", tree(child("gone", lower("g", 0644)), child("kept", lower("k", 0600)))),
                child("changed", lower("old", 0644)),
                child("whole", tree(child("x", lower("x", 0644)))));
        upper.file("new", "n", 04711, NOW)
                .file("changed", "new", 0600, NOW)
                .file("fresh/inner", "i")
                .link("to", "../anywhere")
                .whiteout("whole")
                .whiteout("d/gone")
                .directory("fresh", 01777, NOW)
                .directory("d", 0755, NOW);
        ChangeSet changes = upper.read(lower);
        assertThat(lines(changes))
                .containsExactly(
                        "M /changed", "m /d", "D /d/gone", "A /fresh", "A /fresh/inner", "A /new", "A /to", "D /whole");
        assertThat(changes.refused()).isEmpty();
        assertThat(at(changes.tree(), "whole")).isInstanceOf(WhiteoutNode.class);
        DirectoryNode result = LayerMerge.apply(lower, changes.tree());
        assertThat(at(result, "new")).isEqualTo(node("n", 04711, NOW));
        assertThat(at(result, "changed")).isEqualTo(node("new", 0600, NOW));
        assertThat(at(result, "to")).isEqualTo(new SymlinkNode(NOW, "../anywhere".getBytes(StandardCharsets.US_ASCII)));
        assertThat(at(result, "whole")).isNull();
        assertThat(at(result, "d/gone")).isNull();
        assertThat(at(result, "d/kept")).isEqualTo(lower("k", 0600));
        assertThat(((DirectoryNode) at(result, "d")).modified()).isEqualTo(NOW);
        assertThat(((DirectoryNode) at(result, "fresh")).mode()).isEqualTo(01777);
    }

    @Test
    void aWhiteoutOfNothingIsNoChange() throws Exception {
        upper.whiteout("never").file("attributed", "", 0, NOW);
        ChangeSet changes = upper.read(tree());
        assertThat(lines(changes)).containsExactly("A /attributed");
        assertThat(at(LayerMerge.apply(tree(), changes.tree()), "never")).isNull();
    }

    @Test
    void aWhiteoutMayBeAnAttributeOfAnEmptyFile() throws Exception {
        DirectoryNode lower = tree(child("a", lower("a", 0644)), child("b", lower("b", 0644)));
        upper.file("a", "").attribute("a", "overlay.whiteout", "y");
        upper.file("b", "full").attribute("b", "overlay.whiteout", "y");
        ChangeSet changes = upper.read(lower);
        assertThat(lines(changes)).containsExactly("D /a", "M /b");
        assertThat(LayerMerge.apply(lower, changes.tree()).children())
                .extracting(entry -> entry.name().toString())
                .containsExactly("b");
    }

    @Test
    void anOpaqueDirectoryHidesWhatIsBelow() throws Exception {
        DirectoryNode lower = tree(child(
                "d",
                tree(
                        child("gone", lower("g", 0644)),
                        child("same", lower("s", 0644)),
                        child("marked", lower("m", 0644)))));
        upper.opaque("d")
                .file("d/same", "s2")
                .file("d/added", "a")
                .whiteout("d/marked")
                .directory("d", 0755, LOWER);
        ChangeSet changes = upper.read(lower);
        assertThat(lines(changes)).containsExactly("A /d/added", "D /d/gone", "D /d/marked", "M /d/same");
        assertThat(((DirectoryNode) at(changes.tree(), "d")).opaque()).isTrue();
        DirectoryNode result = (DirectoryNode) at(LayerMerge.apply(lower, changes.tree()), "d");
        assertThat(result.children())
                .extracting(entry -> entry.name().toString())
                .containsExactly("added", "same");
    }

    /** A directory below an opaque one has no mark of its own. */
    @Test
    void opaquenessReachesAllTheWayDown() throws Exception {
        DirectoryNode lower = tree(child(
                "d", tree(child("sub", tree(child("gone", lower("g", 0644)), child("new", lower("other", 0600)))))));
        upper.opaque("d")
                .file("d/sub/new", "n", 0444, StoreLayout.FIXED_TIME)
                .directory("d/sub", 0755, LOWER)
                .directory("d", 0755, LOWER);
        ChangeSet changes = upper.read(lower);
        assertThat(lines(changes)).containsExactly("D /d/sub/gone", "M /d/sub/new");
        DirectoryNode result = LayerMerge.apply(lower, changes.tree());
        assertThat(at(result, "d/sub/gone")).isNull();
        // Not a copy of the hidden file: its own mode and time count.
        assertThat(at(result, "d/sub/new")).isEqualTo(node("n", 0444, StoreLayout.FIXED_TIME));
    }

    @Test
    void onlyTheValueYMakesOpaque() throws Exception {
        DirectoryNode lower = tree(child("d", tree(child("kept", lower("k", 0644)))));
        upper.opaque("d").attribute("d", "overlay.opaque", "x").directory("d", 0755, LOWER);
        ChangeSet changes = upper.read(lower);
        assertThat(changes.changes()).isEmpty();
        assertThat(at(LayerMerge.apply(lower, changes.tree()), "d/kept")).isEqualTo(lower("k", 0644));
    }

    @Test
    void typesCanChangePlaces() throws Exception {
        DirectoryNode lower = tree(
                child("file-dir", lower("f", 0644)),
                child("file-link", lower("f", 0644)),
                child("dir-file", tree(child("x", lower("x", 0644)))),
                child("dir-link", tree(child("x", lower("x", 0644)))),
                child("link-file", lowerLink("a")),
                child("link-dir", lowerLink("a")),
                child("link-link", lowerLink("a")));
        upper.file("file-dir/x", "x")
                .link("file-link", "a")
                .file("dir-file", "f", 0444, StoreLayout.FIXED_TIME)
                .link("dir-link", "a")
                .file("link-file", "f")
                .directory("link-dir", 0700, NOW)
                .link("link-link", "b")
                .directory("file-dir", 0755, NOW);
        ChangeSet changes = upper.read(lower);
        assertThat(lines(changes))
                .containsExactly(
                        "T /dir-file",
                        "T /dir-link",
                        "T /file-dir",
                        "A /file-dir/x",
                        "T /file-link",
                        "T /link-dir",
                        "T /link-file",
                        "M /link-link");
        DirectoryNode result = LayerMerge.apply(lower, changes.tree());
        assertThat(at(result, "dir-file")).isEqualTo(node("f", 0444, StoreLayout.FIXED_TIME));
        assertThat(at(result, "file-dir/x")).isEqualTo(node("x", 0644, NOW));
        assertThat(at(result, "link-dir")).isEqualTo(new DirectoryNode(0700, NOW, false, List.of()));
        assertThat(at(result, "dir-link/x")).isNull();
    }

    @Test
    void aFileThatWasOnlyCopiedUpKeepsTheManifestsModeAndTime() throws Exception {
        DirectoryNode lower = tree(
                child("plain", lower("same", 0640)),
                child("run", lower("same", 04711)),
                child("appended", lower("old", 0600)),
                child("copied", lower("old", 0600)),
                child("chmodded", lower("same", 0640)),
                child("touched", lower("same", 0640)));
        upper.file("plain", "same", 0444, StoreLayout.FIXED_TIME)
                .file("run", "same", 0555, StoreLayout.FIXED_TIME)
                .file("appended", "old and new", 0444, NOW)
                .file("copied", "of another", 0444, StoreLayout.FIXED_TIME)
                .file("chmodded", "same", 0555, StoreLayout.FIXED_TIME)
                .file("touched", "same", 0444, NOW)
                .directory("", 0755, LOWER);
        ChangeSet changes = upper.read(lower);
        assertThat(lines(changes)).containsExactly("M /appended", "m /chmodded", "M /copied", "m /touched");
        assertThat(LayerMerge.apply(lower, changes.tree()))
                .isEqualTo(tree(
                        child("plain", lower("same", 0640)),
                        child("run", lower("same", 04711)),
                        child("appended", node("old and new", 0600, NOW)),
                        child("chmodded", lower("same", 0555)),
                        child("copied", node("of another", 0600, StoreLayout.FIXED_TIME)),
                        child("touched", node("same", 0640, NOW))));
    }

    @Test
    void aDirectoryThatWasOnlyCopiedUpIsNoChange() throws Exception {
        DirectoryNode lower = tree(child("d", tree(child("e", tree(child("f", lower("f", 0644)))))));
        upper.file("d/e/f", "f2").directory("d/e", 0700, LOWER).directory("d", 0755, LOWER);
        assertThat(lines(upper.read(lower))).containsExactly("m /d/e", "M /d/e/f");
    }

    @ParameterizedTest
    @ValueSource(strings = {"overlay.metacopy", "overlay.redirect"})
    void whatClaimsToHaveItsContentElsewhereIsRefused(String attribute) throws Exception {
        upper.file("f", "")
                .attribute("f", attribute, "/etc/shadow")
                .file("d/inner", "i")
                .attribute("d", attribute, "/etc");
        ChangeSet changes = upper.read(tree(child("f", lower("old", 0644))));
        assertThat(changes.refused())
                .containsExactlyInAnyOrder(
                        "/f: it claims to have its content elsewhere (user." + attribute + ")",
                        "/d: it claims to have its content elsewhere (user." + attribute + ")");
        assertThat(lines(changes)).containsExactly("A /d/inner");
    }

    @Test
    void whatNoManifestCanHoldIsRefusedByName() throws Exception {
        upper.file("ok", "ok");
        assertThat(new ProcessBuilder("mkfifo", upper.path("pipe").toString())
                        .start()
                        .waitFor())
                .isZero();
        ChangeSet changes = upper.read(tree(child("pipe", lower("x", 0644))));
        assertThat(changes.refused()).containsExactly("/pipe: a FIFO");
        assertThat(lines(changes)).containsExactly("A /ok");
    }

    @Test
    void aPathThatIsTooLongIsRefused() throws Exception {
        FileOps files = FileOps.system();
        byte[] name = "n".repeat(255).getBytes(StandardCharsets.US_ASCII);
        Descriptor dir = files.openDirectoryFollowing(upper.path("").toString().getBytes(StandardCharsets.UTF_8));
        try {
            for (int i = 0; i < 258; i++) {
                files.makeDirectory(dir.number(), name, 0700);
                Descriptor next = files.openDirectory(dir.number(), name);
                dir.close();
                dir = next;
            }
            ChangeSet changes = upper.read(tree());
            assertThat(changes.changes()).hasSize(TreePath.MAX_LENGTH / 256 + 1);
            assertThat(changes.refused())
                    .singleElement()
                    .asString()
                    .endsWith("n: an entry in it whose path is longer than 65535 bytes");
        } finally {
            dir.close();
            new TreeRemoval(files).remove(FileOps.CWD, upper.path("").toString().getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void closedDirectoriesAndFilesAreReadAndKeepTheirModes() throws Exception {
        upper.file("d/e/f", "inside", 0, NOW).directory("d/e", 0, NOW).directory("d", 0100, NOW);
        DirectoryNode changes = upper.read(new Strict(), tree()).tree();
        assertThat(((DirectoryNode) at(changes, "d")).mode()).isEqualTo(0100);
        assertThat(((DirectoryNode) at(changes, "d/e")).mode()).isZero();
        assertThat(at(changes, "d/e/f")).isEqualTo(node("inside", 0, NOW));
    }

    @Test
    void anEmptyFileThatNobodyMayReadIsAFile() throws Exception {
        upper.file("empty", "", 0, NOW);
        ChangeSet changes = upper.read(new Strict(), tree());
        assertThat(lines(changes)).containsExactly("A /empty");
        assertThat(at(changes.tree(), "empty")).isEqualTo(node("", 0, NOW));
    }

    @Test
    void bothNamesOfAClosedFileHaveItsMode() throws Exception {
        upper.file("one", "content", 0200, NOW);
        Files.createLink(upper.path("two"), upper.path("one"));
        DirectoryNode changes = upper.read(new Strict(), tree()).tree();
        assertThat(at(changes, "one")).isEqualTo(node("content", 0200, NOW));
        assertThat(at(changes, "two")).isEqualTo(node("content", 0200, NOW));
    }

    /** The rules that hold for everybody but the superuser, who may be running this test. */
    private static final class Strict extends ForwardingFileOps {
        Strict() {
            super(FileOps.system());
        }

        private void check(FileStatus status, byte[] name) throws IOException {
            boolean link = !status.isDirectory() && !status.isRegular();
            if (!link && (status.permissions() & 0400) == 0) {
                throw new ErrnoException("open", name, Errno.EACCES);
            }
        }

        @Override
        public Descriptor openRead(int dir, byte[] name) throws IOException {
            check(status(dir, name), name);
            return super.openRead(dir, name);
        }

        @Override
        public Descriptor openDirectory(int dir, byte[] name) throws IOException {
            check(status(dir, name), name);
            return super.openDirectory(dir, name);
        }

        @Override
        public Optional<byte[]> attribute(int dir, byte[] name, String attribute) throws IOException {
            check(Arrays.equals(name, new byte[] {'.'}) ? status(dir) : status(dir, name), name);
            return super.attribute(dir, name, attribute);
        }
    }

    @Test
    void namesAreBytes() throws Exception {
        byte[][] names = {{'a', (byte) 0xff, '\n'}, {(byte) 0xc3}, {'-'}, {'\\', '"'}, {0x7f}, new byte[255]};
        Arrays.fill(names[5], (byte) 0x80);
        FileOps files = FileOps.system();
        try (Descriptor dir =
                files.openDirectoryFollowing(upper.path("").toString().getBytes(StandardCharsets.UTF_8))) {
            for (byte[] name : names) {
                files.createFile(dir.number(), name, 0600).close();
            }
        }
        ChangeSet changes = upper.read(tree());
        assertThat(changes.changes()).hasSize(names.length).isSorted();
        for (byte[] name : names) {
            Optional<TreeNode> node = changes.tree().child(FileName.of(name));
            assertThat(node).isPresent();
        }
        assertThat(lines(changes)).noneMatch(line -> line.contains("\n"));
    }

    @Test
    void mountPointsAreNoChanges() throws Exception {
        upper.directory("proc", 0555, NOW)
                .file("etc/hosts", "")
                .file("etc/mine", "m")
                .directory("etc", 0755, LOWER);
        ChangeSet changes = upper.read(tree(child("etc", tree())), "/proc", "/etc/hosts");
        assertThat(lines(changes)).containsExactly("A /etc/mine");
        assertThat(at(changes.tree(), "proc")).isNull();
        assertThat(at(changes.tree(), "etc/hosts")).isNull();
    }

    @Test
    void linksAreNeverFollowed() throws Exception {
        Path outside = Files.createDirectories(temp.resolve("outside"));
        Files.writeString(outside.resolve("secret"), "s");
        upper.link("d", outside.toString());
        ChangeSet changes = upper.read(tree(child("d", tree(child("x", lower("x", 0644))))));
        assertThat(lines(changes)).containsExactly("T /d");
        assertThat(at(changes.tree(), "d")).isInstanceOf(SymlinkNode.class);
    }

    /** What a reader of the stack sees is what the merge says, for a run of a run. */
    @Test
    void changesCanBeStacked() throws Exception {
        DirectoryNode lower = tree(child("d", tree(child("a", lower("a", 0644)))), child("f", lower("f", 0644)));
        upper.whiteout("f")
                .opaque("d")
                .file("d/b", "b")
                .directory("d", 0755, NOW)
                .directory("", 0755, LOWER);
        DirectoryNode first = LayerMerge.apply(lower, upper.read(lower).tree());

        Upper second = new Upper(temp.resolve("again/upper"));
        second.file("f", "back").whiteout("d/b").directory("d", 0755, NOW).directory("", 0755, LOWER);
        ChangeSet changes = second.read(first);
        assertThat(lines(changes)).containsExactly("D /d/b", "A /f");
        assertThat(LayerMerge.apply(first, changes.tree()))
                .isEqualTo(tree(
                        child("d", new DirectoryNode(0755, NOW, false, List.of())),
                        child("f", node("back", 0644, NOW))));
    }
}
