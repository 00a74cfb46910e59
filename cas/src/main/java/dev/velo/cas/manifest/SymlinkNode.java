package dev.velo.cas.manifest;

import dev.velo.cas.posix.Timestamp;
import java.util.Arrays;

/** A symbolic link; the target is any bytes without NUL, 1 to 4095 of them, never resolved by Velo. Linux gives links no mode. */
public record SymlinkNode(Timestamp modified, byte[] target) implements TreeNode {
    /** PATH_MAX without the NUL. */
    public static final int MAX_TARGET = 4095;

    public SymlinkNode {
        if (target.length == 0 || target.length > MAX_TARGET) {
            throw new IllegalArgumentException("link target of " + target.length + " bytes");
        }
        for (byte b : target) {
            if (b == 0) {
                throw new IllegalArgumentException("link target with a NUL byte");
            }
        }
        target = target.clone();
    }

    @Override
    public byte[] target() {
        return target.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SymlinkNode s && modified.equals(s.modified) && Arrays.equals(target, s.target);
    }

    @Override
    public int hashCode() {
        return 31 * modified.hashCode() + Arrays.hashCode(target);
    }
}
