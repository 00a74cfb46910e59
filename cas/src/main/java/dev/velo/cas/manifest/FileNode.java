package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Timestamp;

/**
 * A regular file.
 *
 * @param mode the low 12 bits
 * @param size of the content, in bytes
 * @param digest of the content
 */
public record FileNode(int mode, long size, Timestamp modified, Digest digest) implements TreeNode {
    public FileNode {
        if ((mode & ~07777) != 0 || size < 0) {
            throw new IllegalArgumentException("mode or size out of range");
        }
    }

    /** True where any execute bit is set: such content is projected from the executable twin of its blob. */
    public boolean isExecutable() {
        return isExecutable(mode);
    }

    static boolean isExecutable(int mode) {
        return (mode & 0111) != 0;
    }
}
