package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.posix.Timestamp;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Reads the bytes of a manifest that may be damaged or hostile. Every number is checked before it is used; at the end the tree is
 * encoded again and compared, so whatever passes is canonical to the last byte.
 */
final class ManifestReader {
    private final byte[] bytes;
    private final ByteBuffer in;
    private final String name;
    private ManifestHeader header;

    ManifestReader(byte[] bytes, String name) {
        this.bytes = bytes;
        this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.name = name;
    }

    /** The tree of a manifest that has been proven well-formed. */
    DirectoryNode read() throws ManifestException {
        header = ManifestHeader.check(bytes, bytes.length, name);
        checkBody();
        checkPaths();
        TreeNode[] nodes = nodes();
        DirectoryNode root = (DirectoryNode) nodes[0];
        byte[] again = encodeAgain(root);
        // The contents first: a difference in them is also one in the header's digest of them, which names no place.
        int difference = mismatch(again, ManifestFormat.HEADER, bytes.length);
        if (difference < 0) {
            difference = mismatch(again, 0, ManifestFormat.HEADER);
        }
        if (difference >= 0) {
            throw damaged(place(difference) + ": not in canonical form");
        }
        return root;
    }

    private int mismatch(byte[] again, int from, int to) {
        int at = Arrays.mismatch(bytes, from, to, again, from, Math.min(to, again.length));
        return at < 0 ? at : from + at;
    }

    private void checkBody() throws ManifestException {
        MessageDigest function = Digest.function();
        function.update(bytes, ManifestFormat.HEADER, bytes.length - ManifestFormat.HEADER);
        byte[] stated =
                Arrays.copyOfRange(bytes, ManifestFormat.H_BODY_DIGEST, ManifestFormat.H_BODY_DIGEST + Digest.LENGTH);
        if (!Arrays.equals(function.digest(), stated)) {
            throw damaged("byte " + ManifestFormat.HEADER + " and on: the digest of the contents does not match");
        }
    }

    private int count() {
        return header.entries();
    }

    private long stringsAt() {
        return header.stringsAt();
    }

    /**
     * Strings stand one after the other in the order of the entries, and a path continues its parent's. Checked before any path is built:
     * a small file whose strings overlap could otherwise stand for paths of more bytes than there is memory.
     */
    private void checkPaths() throws ManifestException {
        long next = 0;
        for (int i = 1; i < count(); i++) {
            int at = ManifestFormat.entry(i);
            int parent = in.getInt(at + ManifestFormat.E_PARENT);
            int length = pathLength(at);
            int nameLength = in.getShort(at + ManifestFormat.E_NAME_LENGTH) & 0xffff;
            if (parent < 0 || parent >= i) {
                throw damaged("entry " + i + " at byte " + at + ": its parent does not stand before it");
            }
            if (Integer.toUnsignedLong(in.getInt(at + ManifestFormat.E_PATH)) != next
                    || stringsAt() + next + length >= bytes.length) {
                throw damaged("entry " + i + " at byte " + at + ": its path is not where it must be");
            }
            int parentAt = ManifestFormat.entry(parent);
            int prefix = pathLength(parentAt);
            int start = (int) (stringsAt() + next);
            int expected = parent == 0 ? nameLength : prefix + 1 + nameLength;
            if (length != expected || (parent != 0 && !continues(start, parentAt, prefix))) {
                throw damaged("entry " + i + " at byte " + at + ": its path does not continue its parent's");
            }
            next += length + 1L;
            if (in.get(at + ManifestFormat.E_TYPE) == EntryType.SYMLINK.code()) {
                long target = in.getLong(at + ManifestFormat.E_SIZE);
                if (target < 1 || target > SymlinkNode.MAX_TARGET) {
                    throw damaged("entry " + i + " at byte " + at + ": link target of impossible length");
                }
                next += target + 1;
            }
        }
        if (stringsAt() + next != bytes.length) {
            throw damaged("byte " + (stringsAt() + next) + ": more strings than entries");
        }
    }

    private int pathLength(int at) {
        return in.getShort(at + ManifestFormat.E_PATH_LENGTH) & 0xffff;
    }

    private boolean continues(int start, int parentAt, int prefix) {
        int parentStart = (int) (stringsAt() + in.getInt(parentAt + ManifestFormat.E_PATH));
        return Arrays.equals(bytes, start, start + prefix, bytes, parentStart, parentStart + prefix)
                && bytes[start + prefix] == '/';
    }

    /** Last entry first: children stand behind their parents, so a directory finds its children's nodes made. */
    private TreeNode[] nodes() throws ManifestException {
        TreeNode[] nodes = new TreeNode[count()];
        int unclaimed = count();
        for (int i = count() - 1; i >= 0; i--) {
            int at = ManifestFormat.entry(i);
            int type = in.get(at + ManifestFormat.E_TYPE);
            try {
                if (type == EntryType.DIRECTORY.code()) {
                    unclaimed = directory(nodes, i, at, unclaimed);
                } else if (type == EntryType.FILE.code()) {
                    nodes[i] = new FileNode(mode(at), in.getLong(at + ManifestFormat.E_SIZE), time(at), digest(at));
                } else if (type == EntryType.SYMLINK.code()) {
                    nodes[i] = new SymlinkNode(time(at), target(at));
                } else if (type == EntryType.WHITEOUT.code()) {
                    nodes[i] = new WhiteoutNode();
                } else {
                    throw new IllegalArgumentException("unknown type " + (type & 0xff));
                }
            } catch (IllegalArgumentException e) {
                throw damaged("entry " + i + " at byte " + at + ": " + e.getMessage());
            }
        }
        if (!(nodes[0] instanceof DirectoryNode)) {
            throw damaged("entry 0 at byte " + ManifestFormat.HEADER + ": the root is not a directory");
        }
        if (unclaimed != 1) {
            throw damaged("entry 1 and on: entries that no directory holds");
        }
        return nodes;
    }

    /**
     * Takes the children of a directory. Going backwards, each directory's slice must end where the previous one began: so slices
     * cannot overlap, no entry has two parents, and there is no cycle.
     *
     * @return where this slice begins
     */
    private int directory(TreeNode[] nodes, int index, int at, int unclaimed) throws ManifestException {
        int children = in.getInt(at + ManifestFormat.E_CHILDREN);
        int first = in.getInt(at + ManifestFormat.E_FIRST_CHILD);
        if (children == 0 && first != 0) {
            throw new IllegalArgumentException("a first child where there are no children");
        }
        if (children != 0 && (children < 0 || first <= index || first != unclaimed - children)) {
            throw new IllegalArgumentException("impossible slice of children");
        }
        List<DirectoryNode.Child> list = new ArrayList<>(children);
        for (int c = first; c < first + children; c++) {
            int child = ManifestFormat.entry(c);
            if (in.getInt(child + ManifestFormat.E_PARENT) != index) {
                throw new IllegalArgumentException("entry " + c + " names another parent");
            }
            list.add(new DirectoryNode.Child(childName(child, c), nodes[c]));
        }
        boolean opaque = in.get(at + ManifestFormat.E_FLAGS) == ManifestFormat.OPAQUE;
        nodes[index] = new DirectoryNode(mode(at), time(at), opaque, list);
        return children == 0 ? unclaimed : first;
    }

    private FileName childName(int at, int index) throws ManifestException {
        int pathLength = pathLength(at);
        int nameLength = in.getShort(at + ManifestFormat.E_NAME_LENGTH) & 0xffff;
        byte[] path = string(in.getInt(at + ManifestFormat.E_PATH), pathLength);
        if (nameLength > pathLength) {
            throw damaged("entry " + index + " at byte " + at + ": the name is longer than the path");
        }
        byte[] last = Arrays.copyOfRange(path, pathLength - nameLength, pathLength);
        String fault = FileName.fault(last);
        if (fault != null) {
            throw damaged("entry " + index + " at byte " + at + ": " + fault);
        }
        return FileName.of(last);
    }

    private byte[] target(int at) {
        long length = in.getLong(at + ManifestFormat.E_SIZE);
        if (length < 0 || length > SymlinkNode.MAX_TARGET) {
            throw new IllegalArgumentException("link target of impossible length");
        }
        return string(in.getInt(at + ManifestFormat.E_TARGET), (int) length);
    }

    private byte[] string(int offset, int length) {
        long start = stringsAt() + Integer.toUnsignedLong(offset);
        if (start + length > bytes.length) {
            throw new IllegalArgumentException("a string behind the end of the file");
        }
        return Arrays.copyOfRange(bytes, (int) start, (int) start + length);
    }

    private int mode(int at) {
        return in.getShort(at + ManifestFormat.E_MODE) & 0xffff;
    }

    private Timestamp time(int at) {
        return new Timestamp(in.getLong(at + ManifestFormat.E_SECONDS), in.getInt(at + ManifestFormat.E_NANOS));
    }

    private Digest digest(int at) {
        return Digest.fromBytes(
                Arrays.copyOfRange(bytes, at + ManifestFormat.E_DIGEST, at + ManifestFormat.E_DIGEST + Digest.LENGTH));
    }

    private byte[] encodeAgain(DirectoryNode root) throws ManifestException {
        try {
            return ManifestBuilder.encode(root);
        } catch (IllegalArgumentException e) {
            throw damaged("the entries: " + e.getMessage());
        }
    }

    private String place(int at) {
        int entriesEnd = ManifestFormat.entry(count());
        if (at >= ManifestFormat.HEADER && at < entriesEnd) {
            return "entry " + (at - ManifestFormat.HEADER) / ManifestFormat.ENTRY + " at byte " + at;
        }
        return "byte " + at;
    }

    private ManifestException damaged(String what) {
        return ManifestException.damaged(name, what);
    }
}
