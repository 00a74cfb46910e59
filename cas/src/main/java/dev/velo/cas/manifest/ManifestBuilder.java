package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.TreePath;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Makes the canonical bytes of a tree. */
public final class ManifestBuilder {
    /** A node in its place: breadth first. */
    private record Placed(TreeNode node, int parent, byte[] path, int nameLength) {}

    private final List<Placed> entries = new ArrayList<>();
    private final TreeDigest digests;

    private ManifestBuilder(DirectoryNode root) {
        digests = new TreeDigest(root);
        entries.add(new Placed(root, ManifestFormat.NO_PARENT, new byte[0], 0));
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).node() instanceof DirectoryNode directory) {
                place(directory, i);
            }
        }
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
        byte[] parent = entries.get(index).path();
        for (DirectoryNode.Child child : directory.children()) {
            byte[] name = child.name().toBytes();
            int start = index == 0 ? 0 : parent.length + 1;
            if (start + name.length > TreePath.MAX_LENGTH) {
                throw new IllegalArgumentException("a path is longer than " + TreePath.MAX_LENGTH + " bytes");
            }
            byte[] path = Arrays.copyOf(parent, start + name.length);
            if (index > 0) {
                path[parent.length] = '/';
            }
            System.arraycopy(name, 0, path, start, name.length);
            entries.add(new Placed(child.node(), index, path, name.length));
        }
    }

    private byte[] encode() {
        int count = entries.size();
        int slots = ManifestFormat.slots(count);
        long strings = stringsLength();
        long body = (long) ManifestFormat.ENTRY * count + (long) ManifestFormat.SLOT * slots + strings;
        if (body + ManifestFormat.HEADER > Integer.MAX_VALUE - 16) {
            throw new IllegalArgumentException("the tree is too large: its manifest would exceed 2 GiB");
        }
        ByteBuffer out = ByteBuffer.allocate((int) body + ManifestFormat.HEADER).order(ByteOrder.LITTLE_ENDIAN);
        int slotsAt = ManifestFormat.HEADER + ManifestFormat.ENTRY * count;
        int stringsAt = slotsAt + ManifestFormat.SLOT * slots;
        writeEntries(out, stringsAt);
        writeSlots(out, slotsAt, slots);
        writeHeader(out, count, slots);
        return out.array();
    }

    private long stringsLength() {
        long length = 0;
        for (Placed placed : entries.subList(1, entries.size())) {
            length += placed.path().length + 1;
            if (placed.node() instanceof SymlinkNode link) {
                length += link.target().length + 1;
            }
        }
        return length;
    }

    private void writeEntries(ByteBuffer out, int stringsAt) {
        int string = 0;
        int nextChild = 1;
        for (int i = 0; i < entries.size(); i++) {
            Placed placed = entries.get(i);
            TreeNode node = placed.node();
            int at = ManifestFormat.HEADER + i * ManifestFormat.ENTRY;
            if (i > 0) {
                out.putInt(at + ManifestFormat.E_PATH, string);
                out.put(stringsAt + string, placed.path());
                string += placed.path().length + 1;
            }
            out.putShort(at + ManifestFormat.E_PATH_LENGTH, (short) placed.path().length);
            out.putShort(at + ManifestFormat.E_NAME_LENGTH, (short) placed.nameLength());
            out.put(at + ManifestFormat.E_TYPE, (byte) NodeFields.type(node).code());
            out.putShort(at + ManifestFormat.E_MODE, (short) NodeFields.mode(node));
            out.putInt(at + ManifestFormat.E_PARENT, placed.parent());
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

    private void writeSlots(ByteBuffer out, int slotsAt, int slots) {
        for (int i = 1; i < entries.size(); i++) {
            long hash = PathHash.of(entries.get(i).path());
            int slot = (int) (hash & (slots - 1));
            while (out.getInt(slotsAt + slot * ManifestFormat.SLOT + 4) != 0) {
                slot = (slot + 1) & (slots - 1);
            }
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
