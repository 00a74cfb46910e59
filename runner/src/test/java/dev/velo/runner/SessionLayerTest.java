package dev.velo.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.LayerMerge;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.Store;
import dev.velo.overlay.ChangeSet;
import dev.velo.shim.SessionDigests;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionLayerTest {
    private static final String RUN = "run-0";
    private static final Timestamp THEN = new Timestamp(1_600_000_000, 0);
    private static final Timestamp NOW = new Timestamp(1_700_000_000, 7);

    @TempDir
    Path place;

    private Store store;
    private Path session;
    private final ByteArrayOutputStream records = new ByteArrayOutputStream();

    @BeforeEach
    void open() throws Exception {
        store = Store.openOrCreate(place.resolve("store"));
        session = Files.createDirectories(store.path().resolve("leases").resolve(RUN));
        Files.createDirectories(session.resolve("files"));
        records.writeBytes("VELOCHNG".getBytes(StandardCharsets.US_ASCII));
        records.writeBytes(new byte[] {1, 0, 0, 0});
    }

    @AfterEach
    void close() {
        store.close();
    }

    private static DirectoryNode directory(Timestamp modified, Object... namesAndNodes) {
        List<DirectoryNode.Child> children = new java.util.ArrayList<>();
        for (int i = 0; i < namesAndNodes.length; i += 2) {
            children.add(
                    new DirectoryNode.Child(FileName.of((String) namesAndNodes[i]), (TreeNode) namesAndNodes[i + 1]));
        }
        children.sort(null);
        return new DirectoryNode(0755, modified, false, children);
    }

    private static FileNode file(String content, int mode, Timestamp modified) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        return new FileNode(mode, bytes.length, modified, Digest.of(bytes));
    }

    private SessionLayerTest put(int kind, String path, int mode, Timestamp modified, byte[] more) {
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(28 + name.length + more.length).order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(kind).putInt(mode).putLong(modified.seconds()).putInt(modified.nanos());
        out.putInt(name.length).putInt(more.length).put(name).put(more);
        records.writeBytes(out.array());
        return this;
    }

    private SessionLayerTest directoryIs(String path, Timestamp modified) {
        return put(1, path, 0755, modified, new byte[0]);
    }

    private SessionLayerTest removed(String path) {
        return put(6, path, 0, new Timestamp(0, 0), new byte[0]);
    }

    private SessionLayerTest upper(String path, int node, String content, String mode) throws IOException {
        Path real = session.resolve(String.format("files/%08x", node));
        Files.writeString(real, content);
        Files.setPosixFilePermissions(real, PosixFilePermissions.fromString(mode));
        return put(3, path, 0, new Timestamp(0, 0), new byte[] {(byte) node, 0, 0, 0});
    }

    private ChangeSet read(DirectoryNode lower) throws IOException {
        put(8, "", 0, new Timestamp(0, 0), new byte[0]);
        CRC32 checksum = new CRC32();
        checksum.update(records.toByteArray());
        byte[] end = ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) checksum.getValue())
                .array();
        records.writeBytes(end);
        Files.write(session.resolve("changes"), records.toByteArray());
        return new SessionLayer(
                        session, new SessionFiles(store, RUN, SessionDigests.none(), Optional.empty(), Long.MAX_VALUE))
                .read(lower);
    }

    private static List<String> lines(ChangeSet changes) {
        return changes.changes().stream()
                .map(change -> change.kind().letter() + " " + change.path())
                .toList();
    }

    @Test
    void nothingIsNothing() throws IOException {
        DirectoryNode lower = directory(THEN, "a", file("a", 0644, THEN));
        ChangeSet changes = directoryIs("", NOW).read(lower);
        assertThat(changes.changes()).isEmpty();
        assertThat(LayerMerge.apply(lower, changes.tree()).children()).isEqualTo(lower.children());
    }

    @Test
    void allKindsOfChangesAreTold() throws IOException {
        DirectoryNode lower = directory(
                THEN,
                "deep",
                directory(THEN, "kept", file("kept", 0644, THEN), "gone", directory(THEN)),
                "link",
                new SymlinkNode(THEN, "a".getBytes()),
                "mode",
                file("mode", 0644, THEN),
                "same",
                file("same", 0644, THEN),
                "type",
                directory(THEN, "below", file("x", 0644, THEN)));
        directoryIs("", NOW).removed("deep/gone");
        upper("deep/new", 1, "new", "rw-r-----");
        directoryIs("made", NOW).directoryIs("made/below", NOW);
        upper("made/below/file", 2, "content", "rwxr-xr-x");
        put(4, "link", 0777, NOW, "b".getBytes());
        put(2, "mode", 0600, THEN, blob("mode"));
        put(2, "same", 0644, THEN, blob("same"));
        upper("type", 3, "file now", "-w-------");
        ChangeSet changes = read(lower);
        assertThat(lines(changes))
                .containsExactly(
                        "D /deep/gone",
                        "A /deep/new",
                        "M /link",
                        "A /made",
                        "A /made/below",
                        "A /made/below/file",
                        "m /mode",
                        "T /type");
        assertThat(changes.refused()).isEmpty();
        DirectoryNode result = LayerMerge.apply(lower, changes.tree());
        DirectoryNode deep = (DirectoryNode) result.child(FileName.of("deep")).orElseThrow();
        assertThat(deep.modified()).isEqualTo(THEN);
        assertThat(deep.children()).extracting(child -> child.name().toString()).containsExactly("kept", "new");
        FileNode type = (FileNode) result.child(FileName.of("type")).orElseThrow();
        assertThat(type.digest()).isEqualTo(Digest.of("file now".getBytes()));
        assertThat(type.mode()).isEqualTo(0200);
        assertThat(result.child(FileName.of("same"))).contains(file("same", 0644, THEN));
    }

    private static byte[] blob(String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(40)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(bytes.length)
                .put(Digest.of(bytes).toBytes())
                .array();
    }

    /** Also where it has several names. */
    @Test
    void aFileThatNobodyMayReadIsToldWithItsMode() throws IOException {
        upper("closed", 9, "closed", "---------").put(3, "other", 0, new Timestamp(0, 0), new byte[] {9, 0, 0, 0});
        DirectoryNode tree = read(directory(THEN)).tree();
        for (String name : List.of("closed", "other")) {
            FileNode closed = (FileNode) tree.child(FileName.of(name)).orElseThrow();
            assertThat(closed.mode()).isZero();
            assertThat(closed.digest()).isEqualTo(Digest.of("closed".getBytes()));
        }
    }

    @Test
    void whatNoManifestCanHoldIsRefused() throws Exception {
        assertThat(new ProcessBuilder(
                                "mkfifo", session.resolve("files/00000005").toString())
                        .start()
                        .waitFor())
                .isZero();
        put(5, "fifo", 0, new Timestamp(0, 0), new byte[] {5, 0, 0, 0});
        put(7, "deep", 0, new Timestamp(0, 0), new byte[0]);
        assertThat(read(directory(THEN)).refused())
                .containsExactly(
                        "/fifo: a FIFO", "/deep: an entry in it whose path is longer or deeper than a manifest takes");
    }

    @Test
    void aNameThatIsNoneIsDamage() {
        directoryIs("a/../b", NOW);
        assertThatThrownBy(() -> read(directory(THEN)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("damaged");
    }
}
