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

    private final Map<DirectoryNode, Digest> digests = new IdentityHashMap<>();

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
        MessageDigest function = Digest.function();
        function.update(DOMAIN);
        function.update((byte) (directory.opaque() ? 1 : 0));
        ByteBuffer head = ByteBuffer.allocate(17).order(ByteOrder.LITTLE_ENDIAN);
        for (DirectoryNode.Child child : directory.children()) {
            TreeNode node = child.node();
            Timestamp time = NodeFields.modified(node);
            byte[] name = child.name().toBytes();
            head.clear();
            head.put((byte) NodeFields.type(node).code());
            head.putShort((short) NodeFields.mode(node));
            head.putLong(time.seconds());
            head.putInt(time.nanos());
            head.putShort((short) name.length);
            function.update(head.flip());
            function.update(name);
            payload(function, node);
        }
        return Digest.finish(function);
    }

    private void payload(MessageDigest function, TreeNode node) {
        ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        if (node instanceof FileNode file) {
            function.update(number.putLong(file.size()).flip());
            function.update(file.digest().toBytes());
        } else if (node instanceof DirectoryNode directory) {
            function.update(digests.get(directory).toBytes());
        } else if (node instanceof SymlinkNode link) {
            byte[] target = link.target();
            function.update(number.putShort((short) target.length).flip());
            function.update(target);
        }
    }
}
