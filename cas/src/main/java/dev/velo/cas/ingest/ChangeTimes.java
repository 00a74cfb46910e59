package dev.velo.cas.ingest;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.util.Set;

/**
 * Whether a file's change time tells that its content is the same. An image (squashfs, erofs, iso9660) has the times that its maker gave it,
 * and another image on the same device the same ones; vfat and exfat have no change time and show the modification time; behind FUSE
 * is whatever its server says. So only file systems that are known to keep a change time are believed, and only on the source's device.
 * Immutable.
 */
final class ChangeTimes {
    /** statfs(2): ext2 to ext4, XFS, Btrfs, F2FS, bcachefs, ZFS, tmpfs, OverlayFS, NFS. */
    private static final Set<Long> KEPT = Set.of(
            0xef53L,
            0x58465342L,
            0x9123683eL,
            0xf2f52010L,
            0xca451a4eL,
            0x2fc12fc1L,
            0x01021994L,
            0x794c7630L,
            0x6969L);

    private final boolean kept;
    private final long device;

    private ChangeTimes(boolean kept, long device) {
        this.kept = kept;
        this.device = device;
    }

    static ChangeTimes of(FileOps files, byte[] source) {
        try (Descriptor dir = files.openDirectoryFollowing(source)) {
            return new ChangeTimes(
                    KEPT.contains(files.fileSystemType(dir.number())),
                    files.status(dir.number()).device());
        } catch (IOException e) {
            return new ChangeTimes(false, 0);
        }
    }

    /** OverlayFS shows its lower layer's times, and that may be an image: those have, as a rule, no fractions of a second. */
    boolean areKept(FileStatus status) {
        return kept && status.device() == device && status.changed().nanos() != 0;
    }
}
