package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.TreePath;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** Makes the canonical bytes of a tree. */
public final class ManifestBuilder {
    /** A smaller tree is hashed sooner than another thread is there to do it. */
    private static final int LARGE = 1_000;

    /** The entries, breadth first, and for each the place of its parent and the length of its path. Paths are spelled out in the result. */
    private final List<DirectoryNode.Child> entries = new ArrayList<>();

    private int[] parents = new int[64];
    private int[] pathLengths = new int[64];
    private final TreeDigest digests;
    private long strings;

    private ManifestBuilder(DirectoryNode root) {
        CompletableFuture<TreeDigest> hashing = null;
        add(new DirectoryNode.Child(null, root), ManifestFormat.NO_PARENT, 0);
        for (int i = 0; i < entries.size(); i++) {
            if (i == LARGE) {
                // Half of the time of a large tree, and independent of the other half.
                hashing = CompletableFuture.supplyAsync(() -> new TreeDigest(root));
            }
            if (entries.get(i).node() instanceof DirectoryNode directory) {
                place(directory, i);
            }
        }
        digests = hashing == null ? new TreeDigest(root) : hashing.join();
    }

    private void add(DirectoryNode.Child child, int parent, int pathLength) {
        int index = entries.size();
        if (index == parents.length) {
            parents = Arrays.copyOf(parents, 2 * index);
            pathLengths = Arrays.copyOf(pathLengths, 2 * index);
        }
        entries.add(child);
        parents[index] = parent;
        pathLengths[index] = pathLength;
    }

    /**
     * The manifest of a tree: the same tree always gives the same bytes.
     *
     * @throws IllegalArgumentException where a path is longer, or the tree larger, than the format allows
     */
    public static byte[] encode(DirectoryNode root) {
        return new ManifestBuilder(root).encode();
    }

    private void place(DirectoryNode directory, int index) {
        int prefix = index == 0 ? 0 : pathLengths[index] + 1;
        for (DirectoryNode.Child child : directory.children()) {
            int length = prefix + child.name().length();
            if (length > TreePath.MAX_LENGTH) {
                throw new IllegalArgumentException("a path is longer than " + TreePath.MAX_LENGTH + " bytes");
            }
            add(child, index, length);
            strings += length + 1;
            if (child.node() instanceof SymlinkNode link) {
                strings += link.target().length + 1;
            }
            fileLength(0);
        }
    }

    /** Checked while the tree is walked, so that one that is too large is refused before it has taken all memory. */
    private int fileLength(int slots) {
        long length = ManifestFormat.HEADER
                + (long) ManifestFormat.ENTRY * entries.size()
                + (long) ManifestFormat.SLOT * slots
                + strings;
        if (length > ManifestFormat.MAX_FILE) {
            throw new IllegalArgumentException("the tree is too large: its manifest would exceed 2 GiB");
        }
        return (int) length;
    }

    private byte[] encode() {
        int count = entries.size();
        int slots = ManifestFormat.slots(count);
        ByteBuffer out = ByteBuffer.allocate(fileLength(slots)).order(ByteOrder.LITTLE_ENDIAN);
        int slotsAt = ManifestFormat.HEADER + ManifestFormat.ENTRY * count;
        int stringsAt = slotsAt + ManifestFormat.SLOT * slots;
        writeEntries(out, stringsAt);
        writeSlots(out, slotsAt, slots);
        writeHeader(out, count, slots);
        return out.array();
    }

    private void writeEntries(ByteBuffer out, int stringsAt) {
        int string = 0;
        int nextChild = 1;
        for (int i = 0; i < entries.size(); i++) {
            DirectoryNode.Child child = entries.get(i);
            TreeNode node = child.node();
            int at = ManifestFormat.entry(i);
            if (i > 0) {
                out.putInt(at + ManifestFormat.E_PATH, string);
                writePath(out, i, stringsAt, string);
                string += pathLengths[i] + 1;
            }
            out.putShort(at + ManifestFormat.E_PATH_LENGTH, (short) pathLengths[i]);
            out.putShort(at + ManifestFormat.E_NAME_LENGTH, (short)
                    (i == 0 ? 0 : child.name().length()));
            out.put(at + ManifestFormat.E_TYPE, (byte) NodeFields.type(node).code());
            out.putShort(at + ManifestFormat.E_MODE, (short) NodeFields.mode(node));
            out.putInt(at + ManifestFormat.E_PARENT, parents[i]);
            out.putLong(at + ManifestFormat.E_SECONDS, NodeFields.modified(node).seconds());
            out.putInt(at + ManifestFormat.E_NANOS, NodeFields.modified(node).nanos());
            if (node instanceof DirectoryNode directory) {
                int children = directory.children().size();
                out.put(at + ManifestFormat.E_FLAGS, (byte) (directory.opaque() ? ManifestFormat.OPAQUE : 0));
                out.putInt(at + ManifestFormat.E_FIRST_CHILD, children == 0 ? 0 : nextChild);
                out.putInt(at + ManifestFormat.E_CHILDREN, children);
                out.put(at + ManifestFormat.E_DIGEST, digests.of(directory).toBytes());
                nextChild += children;
            } else if (node instanceof FileNode file) {
                out.putLong(at + ManifestFormat.E_SIZE, file.size());
                out.put(at + ManifestFormat.E_DIGEST, file.digest().toBytes());
            } else if (node instanceof SymlinkNode link) {
                byte[] target = link.target();
                out.putLong(at + ManifestFormat.E_SIZE, target.length);
                out.putInt(at + ManifestFormat.E_TARGET, string);
                out.put(stringsAt + string, target);
                string += target.length + 1;
            }
        }
    }

    private void writePath(ByteBuffer out, int index, int stringsAt, int string) {
        int at = stringsAt + string;
        if (parents[index] > 0) {
            int parent = out.getInt(ManifestFormat.entry(parents[index]) + ManifestFormat.E_PATH);
            int length = pathLengths[parents[index]];
            System.arraycopy(out.array(), stringsAt + parent, out.array(), at, length);
            at += length;
            out.put(at++, (byte) '/');
        }
        out.put(at, entries.get(index).name().toBytes());
    }

    /**
     * Open addressing, with a shortcut from every taken slot towards the first empty one: the hash is no secret, and a tree whose names
     * were chosen to share one hash would take quadratic time without it.
     */
    private void writeSlots(ByteBuffer out, int slotsAt, int slots) {
        int stringsAt = slotsAt + ManifestFormat.SLOT * slots;
        int[] onward = new int[slots];
        Arrays.setAll(onward, slot -> slot);
        for (int i = 1; i < entries.size(); i++) {
            int path = stringsAt + out.getInt(ManifestFormat.entry(i) + ManifestFormat.E_PATH);
            long hash = PathHash.of(out.array(), path, pathLengths[i]);
            int slot = (int) (hash & (slots - 1));
            while (onward[slot] != slot) {
                onward[slot] = onward[onward[slot]];
                slot = onward[slot];
            }
            onward[slot] = (slot + 1) & (slots - 1);
            out.putInt(slotsAt + slot * ManifestFormat.SLOT, (int) (hash >>> 32));
            out.putInt(slotsAt + slot * ManifestFormat.SLOT + 4, i);
        }
    }

    private void writeHeader(ByteBuffer out, int count, int slots) {
        out.put(0, ManifestFormat.MAGIC);
        out.putInt(ManifestFormat.H_VERSION, ManifestFormat.VERSION);
        out.putInt(ManifestFormat.H_FUNCTION, ManifestFormat.SHA_256);
        out.putLong(ManifestFormat.H_LENGTH, out.capacity());
        out.putInt(ManifestFormat.H_ENTRIES, count);
        out.putInt(ManifestFormat.H_SLOTS, slots);
        MessageDigest function = Digest.function();
        function.update(out.array(), ManifestFormat.HEADER, out.capacity() - ManifestFormat.HEADER);
        out.put(ManifestFormat.H_BODY_DIGEST, function.digest());
        out.put(
                ManifestFormat.H_TREE_DIGEST,
                digests.of((DirectoryNode) entries.get(0).node()).toBytes());
        function.update(out.array(), 0, ManifestFormat.H_CHECKSUM);
        out.put(ManifestFormat.H_CHECKSUM, function.digest(), 0, Long.BYTES);
    }
}
