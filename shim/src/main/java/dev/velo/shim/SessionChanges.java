package dev.velo.shim;

import dev.velo.cas.Digest;
import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.zip.CRC32;

/** What a session left different from its manifest, as velo-session wrote it: docs/formats/session-changes.md. Directories stand before what is in them. */
public final class SessionChanges {
    /** What a path is now. */
    public sealed interface State {
        /** Complete: a directory without its children, a symbolic link, or a file whose content the store has. */
        record Node(TreeNode node) implements State {}

        /** All about it is in {@code files/<node>} of the session ({@link ShimSession#file}). */
        record Real(int node) implements State {}

        record Removed() implements State {}

        /** A directory in which is what no manifest can name. */
        record Unnameable() implements State {}
    }

    private static final byte[] MAGIC = "VELOCHNG".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;

    private static final int DIRECTORY = 1;
    private static final int BLOB = 2;
    private static final int UPPER = 3;
    private static final int LINK = 4;
    private static final int OTHER = 5;
    private static final int REMOVED = 6;
    private static final int TOO_LONG = 7;
    private static final int END = 8;

    private final ByteBuffer in;

    private SessionChanges(byte[] bytes) {
        this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * Reads all of them.
     *
     * @param directory the session's
     * @throws IOException also where the file is damaged
     */
    public static void read(Path directory, BiConsumer<TreePath, State> consumer) throws IOException {
        read(Files.readAllBytes(directory.resolve(ShimSession.CHANGES)), consumer);
    }

    static void read(byte[] bytes, BiConsumer<TreePath, State> consumer) throws IOException {
        CRC32 checksum = new CRC32();
        int end = bytes.length - Integer.BYTES;
        checksum.update(bytes, 0, Math.max(0, end));
        SessionChanges changes = new SessionChanges(bytes);
        if (end < MAGIC.length + Integer.BYTES
                || !Arrays.equals(bytes, 0, MAGIC.length, MAGIC, 0, MAGIC.length)
                || changes.in.getInt(MAGIC.length) != VERSION
                || changes.in.getInt(end) != (int) checksum.getValue()) {
            throw damaged();
        }
        changes.in.limit(end).position(MAGIC.length + Integer.BYTES);
        try {
            changes.records(consumer);
        } catch (IllegalArgumentException | BufferUnderflowException e) {
            throw damaged();
        }
    }

    private static IOException damaged() {
        return new IOException("the list of what the session changed is damaged");
    }

    private void records(BiConsumer<TreePath, State> consumer) throws IOException {
        int kind;
        do {
            kind = in.getInt();
            int mode = in.getInt();
            Timestamp modified = new Timestamp(in.getLong(), in.getInt());
            byte[] path = new byte[length(in.getInt() & 0xffffffffL)];
            byte[] more = new byte[length((in.getInt() & 0xffffffffL) + path.length) - path.length];
            in.get(path).get(more);
            if (kind != END) {
                consumer.accept(TreePath.ofChecked(path), state(kind, mode, modified, more));
            }
        } while (kind != END);
        if (in.hasRemaining()) {
            throw damaged();
        }
    }

    private int length(long claimed) throws IOException {
        if (claimed > in.remaining()) {
            throw damaged();
        }
        return (int) claimed;
    }

    private static State state(int kind, int mode, Timestamp modified, byte[] more) throws IOException {
        return switch (kind) {
            case DIRECTORY -> new State.Node(new DirectoryNode(mode, modified, false, List.of()));
            case BLOB -> {
                ByteBuffer content = ByteBuffer.wrap(more).order(ByteOrder.LITTLE_ENDIAN);
                yield new State.Node(
                        new FileNode(mode, content.getLong(), modified, Digest.fromBytes(more, Long.BYTES)));
            }
            case LINK -> new State.Node(new SymlinkNode(modified, more));
            case UPPER, OTHER ->
                new State.Real(
                        ByteBuffer.wrap(more).order(ByteOrder.LITTLE_ENDIAN).getInt());
            case REMOVED -> new State.Removed();
            case TOO_LONG -> new State.Unnameable();
            default -> throw damaged();
        };
    }
}
