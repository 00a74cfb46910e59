package dev.velo.cas.manifest;

import dev.velo.cas.posix.Timestamp;

/** The fields that every type of node has in the format. */
final class NodeFields {
    private static final Timestamp ZERO = new Timestamp(0, 0);

    private NodeFields() {}

    static EntryType type(TreeNode node) {
        if (node instanceof DirectoryNode) {
            return EntryType.DIRECTORY;
        }
        if (node instanceof FileNode) {
            return EntryType.FILE;
        }
        return node instanceof SymlinkNode ? EntryType.SYMLINK : EntryType.WHITEOUT;
    }

    static int mode(TreeNode node) {
        if (node instanceof DirectoryNode directory) {
            return directory.mode();
        }
        if (node instanceof FileNode file) {
            return file.mode();
        }
        return node instanceof SymlinkNode ? ManifestFormat.SYMLINK_MODE : 0;
    }

    static Timestamp modified(TreeNode node) {
        if (node instanceof DirectoryNode directory) {
            return directory.modified();
        }
        if (node instanceof FileNode file) {
            return file.modified();
        }
        return node instanceof SymlinkNode link ? link.modified() : ZERO;
    }
}
