package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.TreePath;
import dev.velo.cas.UserPath;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A manifest that has been proven well-formed. Immutable, safe for use by many threads. Format: docs/formats/manifest.md.
 *
 * <p>Read into memory rather than mapped: whoever can write the file could truncate it after the check, and touching a page that is
 * gone ends a JVM.
 */
public final class Manifest {
    /**
     * A content that the manifest needs.
     *
     * @param plain some entry uses it without the execute bit
     * @param executable some entry uses it with the execute bit
     * @param firstPath one entry that uses it, the first in the manifest
     */
    public record Content(Digest digest, long size, boolean plain, boolean executable, TreePath firstPath) {
        private Content and(boolean alsoExecutable) {
            return new Content(digest, size, plain | !alsoExecutable, executable | alsoExecutable, firstPath);
        }
    }

    private final byte[] bytes;
    private final ByteBuffer in;
    private final Digest digest;
    private final DirectoryNode root;
    private final List<TreeNode> nodes = new ArrayList<>();

    private Manifest(byte[] bytes, DirectoryNode root) {
        this.bytes = bytes;
        this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.digest = Digest.of(bytes);
        this.root = root;
        nodes.add(root);
        for (int i = 0; i < nodes.size(); i++) {
            if (nodes.get(i) instanceof DirectoryNode directory) {
                directory.children().forEach(child -> nodes.add(child.node()));
            }
        }
    }

    /** Reads a file and checks all of it: checksums, structure, canonical form. */
    public static Manifest open(UserPath file) throws ManifestException {
        return fromBytes(ManifestFile.read(file), file.toString());
    }

    /** @param file absolute */
    public static Manifest open(Path file) throws ManifestException {
        return open(UserPath.of(file));
    }

    /** As {@link #open}, of bytes in memory, which must not change any more. The name is for messages. */
    public static Manifest fromBytes(byte[] bytes, String name) throws ManifestException {
        Manifest manifest = new Manifest(bytes, new ManifestReader(bytes, name).read());
        manifest.checkSizes(name);
        return manifest;
    }

    private void checkSizes(String name) throws ManifestException {
        Map<Digest, Long> sizes = new HashMap<>();
        for (TreeNode node : nodes) {
            if (node instanceof FileNode file) {
                Long other = sizes.putIfAbsent(file.digest(), file.size());
                if (other != null && other != file.size()) {
                    throw new ManifestException(
                            "cannot read manifest " + name + ": digest " + file.digest() + " stands for " + other
                                    + " bytes and for " + file.size(),
                            "fetch the manifest again or ingest the tree again");
                }
            }
        }
    }

    /** SHA-256 of the file's bytes: the identity of the manifest. */
    public Digest digest() {
        return digest;
    }

    /** The bytes of the file. */
    public byte[] toBytes() {
        return bytes.clone();
    }

    /** Merkle digest of the root directory. */
    public Digest treeDigest() {
        return digestAt(ManifestFormat.H_TREE_DIGEST);
    }

    /** Merkle digest of a directory of this manifest. */
    public Digest treeDigest(Entry directory) {
        if (directory.type() != EntryType.DIRECTORY) {
            throw new IllegalArgumentException("only directories have a Merkle digest");
        }
        return digestAt(ManifestFormat.entry(directory.index()) + ManifestFormat.E_DIGEST);
    }

    private Digest digestAt(int at) {
        return Digest.fromBytes(Arrays.copyOfRange(bytes, at, at + Digest.LENGTH));
    }

    /** Number of entries, the root included. */
    public int entryCount() {
        return nodes.size();
    }

    /** Number of entries of a type, the root included. */
    public long count(EntryType type) {
        return nodes.stream().filter(node -> NodeFields.type(node) == type).count();
    }

    /** Bytes of all regular files together, each counted as often as it stands in the tree. */
    public long contentBytes() {
        long sum = 0;
        for (TreeNode node : nodes) {
            sum += node instanceof FileNode file ? file.size() : 0;
        }
        return sum;
    }

    /** The entry at a place, in the order of the format: breadth first, children of one directory side by side. */
    public Entry entry(int index) {
        TreeNode node = nodes.get(index);
        return new Entry(index, pathAt(index), NodeFields.type(node), node);
    }

    private int stringsAt() {
        return ManifestFormat.entry(nodes.size()) + ManifestFormat.SLOT * in.getInt(ManifestFormat.H_SLOTS);
    }

    private TreePath pathAt(int index) {
        int at = ManifestFormat.entry(index);
        int start = stringsAt() + in.getInt(at + ManifestFormat.E_PATH);
        int length = in.getShort(at + ManifestFormat.E_PATH_LENGTH) & 0xffff;
        return length == 0 ? TreePath.ROOT : TreePath.ofChecked(Arrays.copyOfRange(bytes, start, start + length));
    }

    /** Finds a path by hash; a hit has been compared in full. */
    public Optional<Entry> find(TreePath path) {
        if (path.isRoot()) {
            return Optional.of(entry(0));
        }
        byte[] wanted = path.toBytes();
        long hash = PathHash.of(wanted);
        int slots = in.getInt(ManifestFormat.H_SLOTS);
        int slotsAt = ManifestFormat.entry(nodes.size());
        for (int slot = (int) (hash & (slots - 1)); ; slot = (slot + 1) & (slots - 1)) {
            int at = slotsAt + slot * ManifestFormat.SLOT;
            int index = in.getInt(at + 4);
            if (index == 0) {
                return Optional.empty();
            }
            if (in.getInt(at) == (int) (hash >>> 32) && isPath(index, wanted)) {
                return Optional.of(entry(index));
            }
        }
    }

    private boolean isPath(int index, byte[] wanted) {
        int at = ManifestFormat.entry(index);
        int start = stringsAt() + in.getInt(at + ManifestFormat.E_PATH);
        int length = in.getShort(at + ManifestFormat.E_PATH_LENGTH) & 0xffff;
        return Arrays.equals(bytes, start, start + length, wanted, 0, wanted.length);
    }

    /** The children of a directory in ascending order; empty for every other type. */
    public List<Entry> children(Entry directory) {
        int at = ManifestFormat.entry(directory.index());
        int first = in.getInt(at + ManifestFormat.E_FIRST_CHILD);
        int count = in.getInt(at + ManifestFormat.E_CHILDREN);
        List<Entry> children = new ArrayList<>(count);
        for (int i = first; i < first + count; i++) {
            children.add(entry(i));
        }
        return children;
    }

    /** The whole tree as a value. */
    public DirectoryNode tree() {
        return root;
    }

    /** Every content that the tree needs, once, in the order of first use. */
    public List<Content> contents() {
        Map<Digest, Content> contents = new LinkedHashMap<>();
        for (int i = 0; i < nodes.size(); i++) {
            if (nodes.get(i) instanceof FileNode file) {
                Content known = contents.get(file.digest());
                boolean executable = file.isExecutable();
                contents.put(
                        file.digest(),
                        known == null
                                ? new Content(file.digest(), file.size(), !executable, executable, pathAt(i))
                                : known.and(executable));
            }
        }
        return List.copyOf(contents.values());
    }
}
