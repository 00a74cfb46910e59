package dev.velo.cas.posix;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PosixFileOpsTest {
    private final FileOps files = FileOps.system();

    @TempDir
    Path temp;

    private Descriptor dir;

    @BeforeEach
    void open() throws IOException {
        dir = files.openDirectoryFollowing(bytes(temp.toString()));
    }

    @AfterEach
    void close() throws IOException {
        dir.close();
    }

    @Test
    void writesReadsAndDescribesAFile() throws IOException {
        try (Descriptor file = files.createFile(dir.number(), bytes("f"), 0640)) {
            files.write(file.number(), direct("hello"));
            files.changeMode(file.number(), 0640);
            files.setModified(file.number(), new Timestamp(-5, 123_456_789));
        }
        FileStatus status = files.status(dir.number(), bytes("f"));
        assertThat(status.isRegular()).isTrue();
        assertThat(status.permissions()).isEqualTo(0640);
        assertThat(status.size()).isEqualTo(5);
        assertThat(status.links()).isEqualTo(1);
        assertThat(status.modified()).isEqualTo(new Timestamp(-5, 123_456_789));
        assertThat(status.inode()).isEqualTo(((Number) Files.getAttribute(temp.resolve("f"), "unix:ino")).longValue());
        ByteBuffer buffer = ByteBuffer.allocateDirect(16);
        try (Descriptor file = files.openRead(dir.number(), bytes("f"))) {
            assertThat(files.read(file.number(), buffer)).isEqualTo(5);
            assertThat(files.read(file.number(), buffer)).isEqualTo(-1);
        }
        assertThat(StandardCharsets.UTF_8.decode(buffer.flip()).toString()).isEqualTo("hello");
    }

    @Test
    void tellsWhetherSomebodyHasAFileOpenForWriting() throws IOException {
        files.createFile(dir.number(), bytes("f"), 0644).close();
        try (Descriptor reader = files.openRead(dir.number(), bytes("f"))) {
            assertThat(files.mayBeWritten(reader.number())).isFalse();
            try (FileChannel writer = FileChannel.open(temp.resolve("f"), StandardOpenOption.WRITE)) {
                assertThat(files.mayBeWritten(reader.number())).isTrue();
                assertThat(writer.size()).isZero();
            }
            assertThat(files.mayBeWritten(reader.number())).isFalse();
            // The lease is given back: else this would wait for 45 s (lease-break-time), and a signal would come.
            long begun = System.nanoTime();
            Files.writeString(temp.resolve("f"), "more");
            assertThat(System.nanoTime() - begun).isLessThan(10_000_000_000L);
        }
    }

    @Test
    void readsUnseen() throws IOException {
        files.createFile(dir.number(), bytes("f"), 0644).close();
        Files.writeString(temp.resolve("f"), "content");
        files.setModified(dir.number(), bytes("f"), new Timestamp(1_600_000_000, 0));
        Object before = Files.getAttribute(temp.resolve("f"), "lastAccessTime");
        try (Descriptor file = files.openReadUnseen(dir.number(), bytes("f"))) {
            assertThat(files.read(file.number(), ByteBuffer.allocateDirect(16))).isEqualTo(7);
        }
        assertThat(Files.getAttribute(temp.resolve("f"), "lastAccessTime")).isEqualTo(before);
    }

    @Test
    void listsNamesOfAnyBytesAndTheirTypes() throws IOException {
        byte[] odd = {(byte) 0xff, 'x', '\n'};
        files.createFile(dir.number(), odd, 0600).close();
        files.makeDirectory(dir.number(), bytes("d"), 0700);
        files.symlink(bytes("/nowhere"), dir.number(), bytes("l"));
        files.makeWhiteout(dir.number(), bytes("w"));
        List<DirectoryEntry> entries = files.list(dir.number());
        assertThat(entries).hasSize(4);
        assertThat(entries.stream()
                        .filter(e -> e.type() == FileType.REGULAR)
                        .findFirst()
                        .orElseThrow()
                        .name())
                .isEqualTo(odd);
        assertThat(files.readLink(dir.number(), bytes("l"))).isEqualTo(bytes("/nowhere"));
        assertThat(files.status(dir.number(), bytes("w")).isWhiteoutDevice()).isTrue();
        assertThat(files.status(dir.number(), bytes("d")).isDirectory()).isTrue();
    }

    @Test
    void neverFollowsAFinalSymbolicLink() throws IOException {
        files.makeDirectory(dir.number(), bytes("real"), 0700);
        files.symlink(bytes("real"), dir.number(), bytes("link"));
        assertThatThrownBy(() -> files.openDirectory(dir.number(), bytes("link")))
                .isInstanceOfSatisfying(
                        ErrnoException.class, e -> assertThat(e.errno()).isIn(Errno.ELOOP, Errno.ENOTDIR));
        files.openDirectory(dir.number(), bytes("real")).close();
    }

    @Test
    void renameNewRefusesATakenName() throws IOException {
        files.createFile(dir.number(), bytes("a"), 0600).close();
        files.createFile(dir.number(), bytes("b"), 0600).close();
        assertThatThrownBy(() -> files.renameNew(dir.number(), bytes("a"), dir.number(), bytes("b")))
                .isInstanceOfSatisfying(
                        ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EEXIST));
        assertThat(temp.resolve("a")).exists();
        files.renameNew(dir.number(), bytes("a"), dir.number(), bytes("c"));
        assertThat(temp.resolve("a")).doesNotExist();
        assertThat(temp.resolve("c")).exists();
    }

    @Test
    void touchChangesTheChangeTimeAndNotTheModificationTime() throws Exception {
        files.createFile(dir.number(), bytes("f"), 0600).close();
        files.setModified(dir.number(), bytes("f"), new Timestamp(1000, 0));
        FileStatus before = files.status(dir.number(), bytes("f"));
        Thread.sleep(30);
        files.touch(dir.number(), bytes("f"));
        FileStatus after = files.status(dir.number(), bytes("f"));
        assertThat(after.modified()).isEqualTo(before.modified());
        assertThat(after.changed()).isGreaterThan(before.changed());
    }

    @Test
    void locksExcludeEachOtherByOpenFileDescription() throws IOException {
        try (Descriptor one = files.openOrCreate(dir.number(), bytes("lock"), 0600);
                Descriptor two = files.openOrCreate(dir.number(), bytes("lock"), 0600)) {
            assertThat(files.tryLock(one.number(), true)).isTrue();
            assertThat(files.tryLock(two.number(), false)).isFalse();
            files.unlock(one.number());
            assertThat(files.tryLock(two.number(), false)).isTrue();
        }
    }

    @Test
    void namesTheReasonOfAFailure() {
        assertThatThrownBy(() -> files.openRead(dir.number(), bytes("gone")))
                .isInstanceOf(ErrnoException.class)
                .hasMessage("open gone: no such file or directory");
    }

    @Test
    void findsDataAndHoles() throws IOException {
        try (Descriptor file = files.createFile(dir.number(), bytes("sparse"), 0600)) {
            files.seek(file.number(), 1 << 20);
            files.write(file.number(), direct("x"));
            long data = files.nextData(file.number(), 0);
            assertThat(data).isBetween(0L, 1L << 20);
            assertThat(files.nextData(file.number(), 2 << 20)).isEqualTo(-1);
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static ByteBuffer direct(String text) {
        byte[] content = bytes(text);
        return ByteBuffer.allocateDirect(content.length).put(content).flip();
    }
}
