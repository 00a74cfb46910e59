package dev.velo.cas.posix;

import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Set;

/** Permission bits as java.nio takes them when it makes a file or directory. */
public final class ModeAttribute {
    private ModeAttribute() {}

    /** @param permissions the lowest nine bits of a mode */
    public static FileAttribute<Set<PosixFilePermission>> of(int permissions) {
        Set<PosixFilePermission> set = EnumSet.noneOf(PosixFilePermission.class);
        // In the order of the bits, the owner's right to read first.
        for (PosixFilePermission permission : PosixFilePermission.values()) {
            if ((permissions & 0400 >> permission.ordinal()) != 0) {
                set.add(permission);
            }
        }
        return PosixFilePermissions.asFileAttribute(set);
    }
}
