package dev.velo.linkfarm;

import static dev.velo.linkfarm.FarmStore.child;
import static dev.velo.linkfarm.FarmStore.directory;
import static dev.velo.linkfarm.FarmStore.link;
import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.StoreLayout;
import dev.velo.cas.verify.Finding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QuickAuditTest {
    private static final FileOps FILES = FileOps.system();

    @TempDir
    Path temp;

    private FarmStore farms;
    private FileNode hello;
    private Manifest manifest;
    private Placement placement;
    private Path tree;

    @BeforeEach
    void open() throws Exception {
        farms = new FarmStore(temp.resolve("store"));
        hello = farms.file("hello", 0644);
    }

    @AfterEach
    void close() {
        farms.close();
    }

    private void build(Placement wanted) throws Exception {
        DirectoryNode two = directory(0755, child("f", hello), child("deep", directory(0755, child("f", hello))));
        build(
                wanted,
                directory(
                        0755,
                        child("a", two),
                        child("b", two),
                        child("c", two),
                        child("gone", new WhiteoutNode()),
                        child("hello", hello),
                        child("link", link("hello"))));
    }

    private void build(Placement wanted, DirectoryNode root) throws Exception {
        placement = wanted;
        manifest = farms.registered(root);
        tree = farms.path(new LinkFarm(farms.store(), FarmStore.LAYERS).of(manifest, Optional.of(wanted)));
        assertThat(audit()).isEmpty();
    }

    private List<String> audit() throws Exception {
        return new FarmAudit(farms.store())
                .one(manifest, Optional.of(placement), FarmAudit.Depth.QUICK, false).stream()
                        .map(Finding::detail)
                        .toList();
    }

    private void time(Path path, Timestamp time) throws IOException {
        FILES.setModified(FileOps.CWD, path.toString().getBytes(StandardCharsets.UTF_8), time);
    }

    private void mode(Path path, int mode) throws IOException {
        FILES.changeMode(FileOps.CWD, path.toString().getBytes(StandardCharsets.UTF_8), mode);
    }

    /** Another inode of the same content, mode and time. */
    private void replace(Path file) throws IOException {
        Path other = temp.resolve("other");
        Files.copy(file, other, StandardCopyOption.COPY_ATTRIBUTES);
        time(other, Listing.status(file).modified());
        Timestamp directory = Listing.status(file.getParent()).modified();
        Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);
        time(file.getParent(), directory);
    }

    @ParameterizedTest
    @EnumSource(
            value = Placement.class,
            names = {"HARDLINK", "COPY", "METADATA"})
    void findsAnotherInode(Placement wanted) throws Exception {
        build(wanted);
        replace(tree.resolve("b/deep/f"));
        assertThat(audit()).containsExactly("/b/deep/: another inode stands where one was placed");
    }

    @ParameterizedTest
    @EnumSource(
            value = Placement.class,
            names = {"HARDLINK", "COPY", "METADATA"})
    void findsModesAndTimes(Placement wanted) throws Exception {
        build(wanted);
        mode(tree.resolve("a/f"), 0600);
        time(tree.resolve("b"), new Timestamp(1, 1));
        time(tree.resolve("link"), new Timestamp(1, 1));
        List<String> found = audit();
        assertThat(found)
                .contains(
                        "/a/f: mode or time has changed",
                        "/b: mode or time of the directory has changed",
                        "/link: no longer the link that it was");
        // All hard links are one inode.
        assertThat(found).hasSize(wanted == Placement.HARDLINK ? 9 : 3);
    }

    /** What lies behind a hole is still compared with its own sums. */
    @Test
    void aMissingDirectoryIsOneFinding() throws Exception {
        build(Placement.HARDLINK);
        Files.delete(tree.resolve("b/deep/f"));
        Files.delete(tree.resolve("b/deep"));
        Files.delete(tree.resolve("b/f"));
        Files.delete(tree.resolve("b"));
        time(tree, FarmStore.TIME);
        assertThat(audit()).containsExactly("/b: missing");
        replace(tree.resolve("c/deep/f"));
        assertThat(audit()).containsExactly("/b: missing", "/c/deep/: another inode stands where one was placed");
    }

    @Test
    void findsWhatWasAddedAndWhatIsMissing() throws Exception {
        build(Placement.HARDLINK);
        Files.createDirectory(tree.resolve("a/more"));
        time(tree.resolve("a"), FarmStore.TIME);
        Files.delete(tree.resolve("hello"));
        time(tree, FarmStore.TIME);
        assertThat(audit()).containsExactlyInAnyOrder("/a/more: not in the manifest", "/hello: missing");
    }

    @Test
    void twoFilesThatChangedPlacesAreFound() throws Exception {
        build(Placement.COPY);
        Files.move(tree.resolve("a/f"), temp.resolve("f"));
        Files.move(tree.resolve("b/f"), tree.resolve("a/f"));
        Files.move(temp.resolve("f"), tree.resolve("b/f"));
        time(tree.resolve("a"), FarmStore.TIME);
        time(tree.resolve("b"), FarmStore.TIME);
        assertThat(audit()).hasSize(2).allMatch(fault -> fault.contains("another inode"));
    }

    /** The same inode, size, mode and time: who writes so is seen by who reads. */
    @Test
    void onlyTheDeepAuditSeesWhatWasWrittenInPlace() throws Exception {
        build(Placement.COPY);
        Path file = tree.resolve("a/f");
        mode(file, 0644);
        Files.writeString(file, "jello");
        mode(file, 0444);
        time(file, StoreLayout.FIXED_TIME);
        assertThat(audit()).isEmpty();
        assertThat(new FarmAudit(farms.store()).one(manifest, Optional.of(placement), FarmAudit.Depth.DEEP, false))
                .singleElement()
                .satisfies(finding -> assertThat(finding.detail()).isEqualTo("/a/f: its content has changed"));
    }

    @Test
    void aFarmWithoutAnIndexIsWrong() throws Exception {
        build(Placement.HARDLINK);
        Files.delete(tree.resolveSibling("index"));
        assertThat(audit()).containsExactly("index: missing, damaged, or of another tree");
    }

    @Test
    void tellsNoMoreThanAHundred() throws Exception {
        List<DirectoryNode.Child> children = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            children.add(child(String.format("f%03d", i), hello));
        }
        build(Placement.HARDLINK, directory(0755, children.toArray(DirectoryNode.Child[]::new)));
        mode(tree.resolve("f000"), 0600);
        assertThat(audit()).hasSize(QuickAudit.FAULTS);
    }

    @Test
    void takesAwayWhatIsWrongUnlessItIsInUse() throws Exception {
        build(Placement.HARDLINK);
        replace(tree.resolve("hello"));
        FarmAudit audit = new FarmAudit(farms.store());
        Lease lease = farms.store().leases().take(Lease.Kind.RUN, List.of(manifest.digest()));
        try {
            assertThat(audit.one(manifest, Optional.empty(), FarmAudit.Depth.QUICK, true))
                    .singleElement()
                    .matches(finding -> !finding.repaired());
            assertThat(tree).exists();
        } finally {
            lease.close();
        }
        assertThat(audit.one(manifest, Optional.empty(), FarmAudit.Depth.QUICK, true))
                .singleElement()
                .matches(Finding::repaired);
        assertThat(tree).doesNotExist();
        assertThat(audit.one(manifest, Optional.empty(), FarmAudit.Depth.QUICK, true))
                .isEmpty();
    }
}
