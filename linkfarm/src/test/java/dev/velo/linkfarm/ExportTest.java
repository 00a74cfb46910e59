package dev.velo.linkfarm;

import static dev.velo.linkfarm.FarmStore.child;
import static dev.velo.linkfarm.FarmStore.directory;
import static dev.velo.linkfarm.FarmStore.link;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.ForwardingFileOps;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.CorruptBlobException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportTest {
    @TempDir
    Path temp;

    private FarmStore farms;
    private FileNode hello;
    private DirectoryNode tree;
    private Path target;

    @BeforeEach
    void open() throws Exception {
        farms = new FarmStore(temp.resolve("store"));
        hello = farms.file("hello", 0640);
        target = temp.resolve("target");
        tree = directory(
                0750,
                child("hello", hello),
                child("suid", farms.file("run", 06755)),
                child("none", farms.file("secret", 0)),
                child("link", link("../..")),
                child("closed", directory(0500, child("f", hello))));
    }

    @AfterEach
    void close() {
        farms.close();
    }

    private void export(DirectoryNode what, FileOps files) throws VeloException {
        new Export(farms.store(), files).write(FarmStore.manifest(what), UserPath.of(target));
    }

    @Test
    void restoresModesTimesAndContents() throws Exception {
        export(tree, FileOps.system());
        assertThat(target.resolve("hello")).hasContent("hello");
        assertThat(target.resolve("closed/f")).hasContent("hello");
        assertThat(Listing.status(target).permissions()).isEqualTo(0750);
        assertThat(Listing.status(target.resolve("suid")).permissions()).isEqualTo(06755);
        assertThat(Listing.status(target.resolve("none")).permissions()).isZero();
        assertThat(Listing.status(target.resolve("closed")).permissions()).isEqualTo(0500);
        for (String name : new String[] {"", "hello", "link", "closed", "closed/f"}) {
            FileStatus status = Listing.status(target.resolve(name));
            assertThat(status.modified()).isEqualTo(FarmStore.TIME);
            assertThat(status.uid()).isEqualTo(FileOps.system().effectiveUid());
        }
        assertThat(Listing.status(target.resolve("hello")).links()).isEqualTo(1);
        assertThat(Listing.status(target.resolve("hello")).inode())
                .isNotEqualTo(
                        Listing.status(farms.blob(hello, BlobStore.Form.PLAIN)).inode());
    }

    @Test
    void fillsAnEmptyDirectoryAndRefusesAFullOne() throws Exception {
        Files.createDirectory(target);
        export(tree, FileOps.system());
        Files.delete(target.resolve("hello"));
        assertThatThrownBy(() -> export(tree, FileOps.system()))
                .isInstanceOf(VeloException.class)
                .hasMessageContaining("not empty");
        assertThat(target.resolve("hello")).doesNotExist();
        assertThat(target.resolve("closed/f")).hasContent("hello");
    }

    @Test
    void refusesAFileInTheTargetsPlace() throws Exception {
        Files.writeString(target, "mine");
        assertThatThrownBy(() -> export(tree, FileOps.system())).isInstanceOf(VeloException.class);
        assertThat(target).hasContent("mine");
    }

    /** Somebody puts a file beside the export's, and then the disk is full. */
    private FileOps disturbed(Path foreign, String failAt, Errno errno) {
        return new ForwardingFileOps(FileOps.system()) {
            @Override
            public void symlink(byte[] to, int dir, byte[] name) throws IOException {
                Files.writeString(foreign, "foreign");
                if (errno != null && new String(name, java.nio.charset.StandardCharsets.UTF_8).equals(failAt)) {
                    throw new ErrnoException("make symbolic link", name, errno);
                }
                super.symlink(to, dir, name);
            }
        };
    }

    @Test
    void takesBackAllItMadeWhenItFails() throws Exception {
        Path elsewhere = temp.resolve("elsewhere");
        FileOps full = disturbed(elsewhere, "z", Errno.ENOSPC);
        DirectoryNode.Child[] many = new DirectoryNode.Child[50];
        Arrays.setAll(many, i -> child("d" + i, directory(0, child("f", hello), child("e", directory(0111)))));
        DirectoryNode large =
                directory(0755, child("a", directory(0755, many)), child("b", directory(0755, child("z", link("x")))));
        assertThatThrownBy(() -> export(large, full)).isInstanceOf(VeloException.class);
        assertThat(elsewhere).exists();
        assertThat(target).doesNotExist();
        Files.createDirectory(
                target, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        assertThatThrownBy(() -> export(large, full)).isInstanceOf(VeloException.class);
        assertThat(target).isEmptyDirectory();
        assertThat(Listing.status(target).permissions()).isEqualTo(0755);
    }

    @Test
    void neverTakesAwayWhatItDidNotMake() throws Exception {
        Files.createDirectory(target);
        Path foreign = target.resolve("link");
        assertThatThrownBy(() -> export(tree, disturbed(foreign, "link", null)))
                .isInstanceOf(VeloException.class)
                .hasMessageContaining("file exists");
        assertThat(foreign).hasContent("foreign");
        assertThat(target.resolve("hello")).doesNotExist();
        Files.delete(foreign);

        Path beside = target.resolve("closer");
        assertThatThrownBy(() -> export(tree, disturbed(beside, "link", Errno.ENOSPC)))
                .isInstanceOf(VeloException.class);
        assertThat(beside).hasContent("foreign");
        try (var list = Files.list(target)) {
            assertThat(list).containsExactly(beside);
        }
    }

    @Test
    void provesContentsWhileItCopies() throws Exception {
        Path blob = farms.blob(hello, BlobStore.Form.PLAIN);
        Files.delete(blob);
        Files.writeString(blob, "jello");
        assertThatThrownBy(() -> export(tree, FileOps.system())).isInstanceOf(CorruptBlobException.class);
        assertThat(target).doesNotExist();
    }

    @Test
    void refusesAManifestThatLiesAboutASize() throws Exception {
        FileNode lie = new FileNode(0644, 99, FarmStore.TIME, hello.digest());
        assertThatThrownBy(() -> export(directory(0755, child("f", lie)), FileOps.system()))
                .isInstanceOf(CorruptBlobException.class);
        assertThat(target).doesNotExist();
    }

    @Test
    void namesMissingContentsBeforeItMakesAnything() throws Exception {
        DirectoryNode lacking = directory(0755, child("f", FarmStore.absent("lost")));
        assertThatThrownBy(() -> export(lacking, FileOps.system())).isInstanceOf(MissingBlobException.class);
        assertThat(target).doesNotExist();
    }

    @Test
    void keepsHoles() throws Exception {
        FileNode zeros = farms.file("\0".repeat(4 << 20), 0644);
        Path blob = farms.blob(zeros, BlobStore.Form.PLAIN);
        // The fixture writes every byte; the same content with a hole takes its place.
        Files.delete(blob);
        try (var file = new java.io.RandomAccessFile(blob.toFile(), "rw")) {
            file.setLength(4 << 20);
        }
        export(directory(0755, child("zeros", zeros)), FileOps.system());
        assertThat(Listing.status(target.resolve("zeros")).size()).isEqualTo(4 << 20);
        assertThat(Listing.status(target.resolve("zeros")).blocks()).isLessThan(64);
    }
}
