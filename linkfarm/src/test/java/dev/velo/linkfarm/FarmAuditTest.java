package dev.velo.linkfarm;

import static dev.velo.linkfarm.FarmAudit.Depth.DEEP;
import static dev.velo.linkfarm.FarmAudit.Depth.QUICK;
import static dev.velo.linkfarm.FarmStore.child;
import static dev.velo.linkfarm.FarmStore.directory;
import static dev.velo.linkfarm.FarmStore.link;
import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.StoreLayout;
import dev.velo.cas.store.TreeRemoval;
import dev.velo.cas.verify.Finding;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FarmAuditTest {
    private static final FileOps FILES = FileOps.system();

    @TempDir
    Path temp;

    private FarmStore farms;
    private Path tree;
    private FileNode hello;

    @BeforeEach
    void open() throws Exception {
        farms = new FarmStore(temp.resolve("store"));
        hello = farms.file("hello", 0644);
    }

    @AfterEach
    void close() {
        farms.close();
    }

    private void build(Placement placement) throws Exception {
        Manifest manifest = farms.registered(directory(
                0755,
                child("hello", hello),
                child("link", link("hello")),
                child("gone", new WhiteoutNode()),
                child("sub", new DirectoryNode(0711, FarmStore.TIME, true, List.of(child("f", hello)))),
                child("closed", directory(0, child("f", hello)))));
        tree = farms.path(new LinkFarm(farms.store(), FarmStore.LAYERS).of(manifest, Optional.of(placement)));
    }

    private List<Finding> audit(FarmAudit.Depth depth) throws Exception {
        return new FarmAudit(farms.store()).all(depth, false);
    }

    /** Exactly one thing is wrong, and both audits see it. */
    private void expect(String path) throws Exception {
        expect(QUICK, path);
        expect(DEEP, path);
    }

    private void expect(FarmAudit.Depth depth, String path) throws Exception {
        assertThat(audit(depth)).singleElement().satisfies(finding -> {
            assertThat(finding.kind()).isEqualTo("corrupt-farm");
            assertThat(finding.object()).contains("-hardlink");
            assertThat(finding.detail()).startsWith(path + ": ");
            assertThat(finding.repaired()).isFalse();
        });
    }

    private void restoreTime(Path path, Timestamp time) throws IOException {
        FILES.setModified(FileOps.CWD, path.toString().getBytes(StandardCharsets.UTF_8), time);
    }

    @Test
    void findsNothingInASoundFarm() throws Exception {
        build(Placement.HARDLINK);
        assertThat(audit(QUICK)).isEmpty();
        assertThat(audit(DEEP)).isEmpty();
        assertThat(Listing.status(tree.resolve("closed")).permissions()).isZero();
    }

    @Test
    void findsNothingInASoundCopy() throws Exception {
        build(Placement.COPY);
        assertThat(audit(QUICK)).isEmpty();
        assertThat(audit(DEEP)).isEmpty();
    }

    @Test
    void findsNothingInSoundMetadata() throws Exception {
        hello = farms.file("hello", 0200);
        build(Placement.METADATA);
        assertThat(audit(QUICK)).isEmpty();
        assertThat(audit(DEEP)).isEmpty();
        assertThat(Listing.status(tree.resolve("hello")).permissions()).isEqualTo(0200);
    }

    @Test
    void findsWhatIsWrongWithMetadata() throws Exception {
        build(Placement.METADATA);
        Files.setAttribute(tree.resolve("hello"), "user:overlay.redirect", ByteBuffer.wrap(new byte[] {'/', 'x'}));
        Files.setAttribute(tree.resolve("sub"), "user:overlay.overlay.opaque", ByteBuffer.wrap(new byte[] {'x'}));
        Files.delete(tree.resolve("gone"));
        Files.writeString(tree.resolve("gone"), "");
        restoreTime(tree, FarmStore.TIME);
        assertThat(audit(DEEP))
                .extracting(Finding::detail)
                .containsExactlyInAnyOrder(
                        "/hello: it refers to other content",
                        "/sub: mark of an opaque directory changed",
                        "/gone: no longer a whiteout");
    }

    @Test
    void findsMetadataWithoutItsBlob() throws Exception {
        build(Placement.METADATA);
        Files.delete(farms.blob(hello, BlobStore.Form.PLAIN));
        assertThat(audit(DEEP))
                .isNotEmpty()
                .allMatch(finding -> finding.detail().contains("the store lacks its content"));
    }

    @Test
    void followsPathsLongerThanTheKernelTakesAtOnce() throws Exception {
        DirectoryNode deep = directory(0755, child("f", hello));
        for (int i = 0; i < 300; i++) {
            deep = directory(0755, child("directory-with-a-name", deep));
        }
        Manifest manifest = farms.registered(deep);
        try {
            new LinkFarm(farms.store(), FarmStore.LAYERS).of(manifest, Optional.empty());
            assertThat(audit(DEEP)).isEmpty();
        } finally {
            // The temporary directory's own removal works by path and cannot reach this deep.
            new TreeRemoval(FILES).remove(farms.store().root(), "farms".getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void findsAnExtraFile() throws Exception {
        build(Placement.HARDLINK);
        Files.writeString(tree.resolve("sub/extra"), "x");
        restoreTime(tree.resolve("sub"), FarmStore.TIME);
        expect("/sub/extra");
    }

    @Test
    void findsAMissingFile() throws Exception {
        build(Placement.HARDLINK);
        Files.delete(tree.resolve("sub/f"));
        restoreTime(tree.resolve("sub"), FarmStore.TIME);
        expect("/sub/f");
    }

    @Test
    void findsAnotherModeOfADirectory() throws Exception {
        build(Placement.HARDLINK);
        FILES.changeMode(FileOps.CWD, tree.resolve("sub").toString().getBytes(StandardCharsets.UTF_8), 0755);
        expect("/sub");
    }

    @Test
    void findsAnotherTimeOfADirectory() throws Exception {
        build(Placement.HARDLINK);
        restoreTime(tree, new Timestamp(1, 1));
        expect("/");
    }

    @Test
    void findsAMissingOpaqueMark() throws Exception {
        build(Placement.HARDLINK);
        try (Descriptor sub =
                FILES.openDirectory(FileOps.CWD, tree.resolve("sub").toString().getBytes(StandardCharsets.UTF_8))) {
            FILES.setAttribute(sub.number(), "user.overlay.opaque", new byte[] {'n'});
        }
        assertThat(audit(QUICK)).isEmpty();
        expect(DEEP, "/sub");
    }

    @Test
    void findsAnotherTargetOrTimeOfALink() throws Exception {
        build(Placement.HARDLINK);
        restoreTime(tree.resolve("link"), new Timestamp(1, 1));
        expect("/link");
        Files.delete(tree.resolve("link"));
        Files.createSymbolicLink(tree.resolve("link"), Path.of("hullo"));
        restoreTime(tree.resolve("link"), FarmStore.TIME);
        restoreTime(tree, FarmStore.TIME);
        expect("/link");
    }

    @Test
    void findsAFileInPlaceOfAWhiteout() throws Exception {
        build(Placement.HARDLINK);
        Files.delete(tree.resolve("gone"));
        Files.writeString(tree.resolve("gone"), "");
        restoreTime(tree, FarmStore.TIME);
        expect("/gone");
    }

    @Test
    void findsALinkInPlaceOfADirectory() throws Exception {
        build(Placement.HARDLINK);
        Files.move(tree.resolve("sub"), temp.resolve("moved"));
        Files.createSymbolicLink(tree.resolve("sub"), temp.resolve("moved"));
        restoreTime(tree, FarmStore.TIME);
        expect("/sub");
    }

    private void replace(String content) throws IOException {
        Path file = tree.resolve("hello");
        Files.delete(file);
        Files.writeString(file, content);
        FILES.changeMode(FileOps.CWD, file.toString().getBytes(StandardCharsets.UTF_8), 0444);
        restoreTime(file, StoreLayout.FIXED_TIME);
        restoreTime(tree, FarmStore.TIME);
    }

    @Test
    void findsAnotherSize() throws Exception {
        build(Placement.HARDLINK);
        replace("hell");
        expect("/hello");
    }

    @Test
    void findsFlippedBytesWhenItLooksDeeper() throws Exception {
        build(Placement.HARDLINK);
        replace("jello");
        assertThat(audit(QUICK))
                .singleElement()
                .satisfies(finding ->
                        assertThat(finding.detail()).isEqualTo("/: another inode stands where one was placed"));
        assertThat(audit(DEEP))
                .singleElement()
                .satisfies(finding -> assertThat(finding.detail()).startsWith("/hello: "));
    }

    @Test
    void takesAReplicaOfTheSameContentForSound() throws Exception {
        build(Placement.HARDLINK);
        replace("hello");
        assertThat(audit(DEEP)).isEmpty();
        // It is another inode than the one that was placed, and nobody has looked into it.
        assertThat(audit(QUICK)).hasSize(1);
    }

    @Test
    void movesABadFarmAwayAndTheNextRunBuildsItAnew() throws Exception {
        build(Placement.HARDLINK);
        replace("jello");
        assertThat(new FarmAudit(farms.store()).all(DEEP, true))
                .singleElement()
                .satisfies(finding -> assertThat(finding.repaired()).isTrue());
        assertThat(tree).doesNotExist();
        build(Placement.HARDLINK);
        assertThat(tree.resolve("hello")).hasContent("hello");
        replace("jello");
        assertThat(new FarmAudit(farms.store()).all(DEEP, true)).hasSize(1);
        assertThat(tree).doesNotExist();
    }

    @Test
    void listsFarms() throws Exception {
        build(Placement.HARDLINK);
        build(Placement.COPY);
        assertThat(new Farms(farms.store()).list())
                .hasSize(2)
                .allSatisfy(farm -> {
                    assertThat(farm.entries()).isEqualTo(8);
                    assertThat(farm.current()).isTrue();
                })
                .extracting(FarmStatus::placement)
                .containsExactlyInAnyOrder(Optional.of(Placement.HARDLINK), Optional.of(Placement.COPY));
    }
}
