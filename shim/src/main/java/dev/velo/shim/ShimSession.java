package dev.velo.shim;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.EntryType;
import dev.velo.cas.manifest.LayerMerge;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestBuilder;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/**
 * What the processes of a run without a sandbox share: the directory of its lease (docs/adr/0022-shim.md).
 *
 * @param directory absolute, without links
 * @param manifest of the tree as it is at the beginning
 */
public record ShimSession(Path directory, Path manifest) {
    private static final String MAGIC = "VELOSHIM1";
    /** The directory of the files that the programs have written. */
    public static final String FILES = "files";

    /** Made when no program of the session is left, and what they have changed is wanted. */
    public static final String CHANGES = "changes";

    private static final List<String> DIRECTORIES = List.of(FILES, "dirs", "exec");
    private static final byte[] WORLD = ascii("world");
    private static final byte[] MANIFEST = ascii("manifest");
    private static final int PRIVATE = 0600;
    private static final int DIGITS = 8;

    /** A field of the shim, with the name of the variable that has it. */
    private static final int ROOM = 1000;

    /** The file of a node, relative to the session's directory. */
    public static String file(int node) {
        return FILES + "/" + String.format("%08x", node);
    }

    /** The node that has a name in {@link #FILES}, also one that it has for a moment only. */
    public static OptionalInt node(String name) {
        try {
            return name.length() < DIGITS
                    ? OptionalInt.empty()
                    : OptionalInt.of(Integer.parseUnsignedInt(name.substring(0, DIGITS), 16));
        } catch (NumberFormatException e) {
            return OptionalInt.empty();
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /**
     * Makes all of it but the memory that the processes share.
     *
     * @param bottomToTop registered, at least one
     */
    public static ShimSession prepare(Store store, Lease lease, List<Manifest> bottomToTop, ShimPrefix prefix)
            throws IOException, VeloException {
        FileOps files = store.files();
        Path home = store.path().toRealPath();
        Path directory = home.resolve(store.path().relativize(lease.path()));
        Path manifest = home.resolve(store.path().relativize(tree(store, lease, bottomToTop)));
        if (directory.toString().getBytes(StandardCharsets.UTF_8).length >= ROOM) {
            throw new VeloException(
                    "cannot prepare the run in store " + store.path() + ": its path is too long",
                    "name a store with a shorter path with --store or VR_THE_SOURCE");
        }
        for (String name : DIRECTORIES) {
            files.makeDirectory(lease.directory(), ascii(name), 0700);
        }
        ByteArrayOutputStream world = new ByteArrayOutputStream();
        for (String text : List.of(MAGIC, prefix.path(), home.toString(), manifest.toString())) {
            world.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            world.write(0);
        }
        write(files, lease, WORLD, world.toByteArray());
        return new ShimSession(directory, manifest);
    }

    /** The store's copy, where one manifest is the whole tree; else what all of them make together. */
    private static Path tree(Store store, Lease lease, List<Manifest> bottomToTop) throws IOException, VeloException {
        if (bottomToTop.size() == 1 && bottomToTop.get(0).count(EntryType.WHITEOUT) == 0) {
            return store.roots().copyFile(bottomToTop.get(0).digest());
        }
        DirectoryNode merged =
                LayerMerge.merge(bottomToTop.stream().map(Manifest::tree).toList());
        try {
            write(store.files(), lease, MANIFEST, ManifestBuilder.encode(merged));
        } catch (IllegalArgumentException e) {
            throw new VeloException(
                    "cannot put the manifests together: " + e.getMessage(), "name fewer or smaller manifests", e);
        }
        return lease.path().resolve(new String(MANIFEST, StandardCharsets.US_ASCII));
    }

    private static void write(FileOps files, Lease lease, byte[] name, byte[] content) throws IOException {
        try (Descriptor file = files.createFile(lease.directory(), name, PRIVATE)) {
            files.write(
                    file.number(),
                    ByteBuffer.allocateDirect(content.length).put(content).flip());
        }
    }
}
