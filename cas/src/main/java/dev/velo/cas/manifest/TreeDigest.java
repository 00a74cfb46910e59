package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Timestamp;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Merkle digests of directories: docs/formats/manifest.md. */
final class TreeDigest {
    private static final byte[] DOMAIN = "velo-directory-1\0".getBytes(StandardCharsets.US_ASCII);

    /** Type, mode, seconds, nanoseconds, length of the name. */
    private static final int HEAD = 17;

    private final Map<DirectoryNode, Digest> digests = new IdentityHashMap<>();
    private final MessageDigest function = Digest.function();
    private final ByteBuffer text = ByteBuffer.allocate(1 << 16).order(ByteOrder.LITTLE_ENDIAN);

    /** Computes the digests of a directory and of every directory below it, without recursion: trees may be deep. */
    TreeDigest(DirectoryNode root) {
        List<DirectoryNode> order = new ArrayList<>();
        order.add(root);
        for (int i = 0; i < order.size(); i++) {
            for (DirectoryNode.Child child : order.get(i).children()) {
                if (child.node() instanceof DirectoryNode directory) {
                    order.add(directory);
                }
            }
        }
        for (int i = order.size() - 1; i >= 0; i--) {
            digests.put(order.get(i), compute(order.get(i)));
        }
    }

    Digest of(DirectoryNode directory) {
        return digests.get(directory);
    }

    private Digest compute(DirectoryNode directory) {
        text.clear();
        text.put(DOMAIN).put((byte) (directory.opaque() ? 1 : 0));
        for (DirectoryNode.Child child : directory.children()) {
            TreeNode node = child.node();
            Timestamp time = NodeFields.modified(node);
            byte[] name = child.name().toBytes();
            flushUnlessRoomFor(HEAD + name.length);
            text.put((byte) NodeFields.type(node).code());
            text.putShort((short) NodeFields.mode(node));
            text.putLong(time.seconds());
            text.putInt(time.nanos());
            text.putShort((short) name.length);
            text.put(name);
            payload(node);
        }
        flush();
        return Digest.finish(function);
    }

    private void payload(TreeNode node) {
        flushUnlessRoomFor(Long.BYTES + Digest.LENGTH);
        if (node instanceof FileNode file) {
            text.putLong(file.size()).put(file.digest().toBytes());
        } else if (node instanceof DirectoryNode directory) {
            text.put(digests.get(directory).toBytes());
        } else if (node instanceof SymlinkNode link) {
            byte[] target = link.target();
            text.putShort((short) target.length);
            flushUnlessRoomFor(target.length);
            text.put(target);
        }
    }

    /** Nothing that is put at once is longer than a link's target, 65,535 bytes at most. */
    private void flushUnlessRoomFor(int length) {
        if (text.remaining() < length) {
            flush();
        }
    }

    private void flush() {
        function.update(text.array(), 0, text.position());
        text.clear();
    }
}
