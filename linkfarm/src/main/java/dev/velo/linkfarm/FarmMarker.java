package dev.velo.linkfarm;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The layout of a farm's directory: the tree, and a marker that says the tree is complete and since which start of the machine. A farm is not synced
 * to disk, since it can be built again; after a crash it may be torn, so a farm of an earlier start is not used.
 */
final class FarmMarker {
    /** What a marker says. */
    record Built(String boot, long entries) {}

    static final String TREE = "tree";
    private static final String MARKER = "complete";
    private static final String HEADER = "velo-farm 1";
    private static final int LIMIT = 256;

    private final Store store;
    private final FileOps files;

    FarmMarker(Store store, FileOps files) {
        this.store = store;
        this.files = files;
    }

    static String name(Digest manifest, Placement placement) {
        return manifest.toHex() + "-" + placement.label();
    }

    /** Relative to the store. */
    static String path(String name) {
        return "farms/" + name;
    }

    /** The tree of the farm of that name, relative to the store. */
    static String treeOf(String name) {
        return path(name) + "/" + TREE;
    }

    /** The path of the marker that belongs to a farm's tree. */
    static String besides(String tree) {
        return tree.substring(0, tree.length() - TREE.length()) + MARKER;
    }

    void write(int farm, long entries) throws IOException {
        byte[] text = (HEADER + "\n" + bootId() + "\n" + entries + "\n").getBytes(StandardCharsets.US_ASCII);
        try (Descriptor file = files.createFile(farm, bytes(MARKER), 0400)) {
            files.write(
                    file.number(),
                    ByteBuffer.allocateDirect(text.length).put(text).flip());
        }
    }

    /** What a complete farm's marker says; empty where there is no farm of that name, or one that is not complete. */
    Optional<Built> read(String name) throws IOException {
        try (Descriptor file = files.openRead(store.root(), bytes(path(name) + "/" + MARKER))) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(LIMIT);
            while (buffer.hasRemaining() && files.read(file.number(), buffer) > 0) {
                continue;
            }
            byte[] content = new byte[buffer.flip().remaining()];
            buffer.get(content);
            return parse(new String(content, StandardCharsets.US_ASCII));
        } catch (ErrnoException e) {
            // ENOTDIR: something that is no farm has a farm's name.
            if (e.is(Errno.ENOENT) || e.is(Errno.ENOTDIR)) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static Optional<Built> parse(String text) {
        String[] lines = text.split("\n", -1);
        boolean whole = lines.length == 4 && lines[0].equals(HEADER) && lines[2].matches("[0-9]{1,10}");
        return whole ? Optional.of(new Built(lines[1], Long.parseLong(lines[2]))) : Optional.empty();
    }

    /** True where the farm is there, complete, and built since the machine was started. */
    boolean isCurrent(String name) throws IOException {
        Optional<Built> built = read(name);
        return built.isPresent() && built.get().boot().equals(bootId());
    }

    private static String bootId() throws IOException {
        return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).trim();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
