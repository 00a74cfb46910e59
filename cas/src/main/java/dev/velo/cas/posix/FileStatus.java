package dev.velo.cas.posix;

/**
 * What statx(2) says of a file.
 *
 * @param type the file's type
 * @param permissions the low 12 bits of the mode
 * @param device major and minor of the file system, in one number
 * @param size in bytes
 * @param blocks allocated, in units of 512 bytes
 */
public record FileStatus(
        FileType type,
        int permissions,
        int links,
        int uid,
        int gid,
        long device,
        long inode,
        long size,
        long blocks,
        Timestamp modified,
        Timestamp changed,
        long rawDevice) {

    public boolean isDirectory() {
        return type == FileType.DIRECTORY;
    }

    public boolean isRegular() {
        return type == FileType.REGULAR;
    }

    /** Both are of one inode, whatever happened to it between the two looks. */
    public boolean isSameFile(FileStatus other) {
        return inode == other.inode && device == other.device;
    }

    /** True for OverlayFS's mark of a deleted entry: a character device 0:0. */
    public boolean isWhiteoutDevice() {
        return type == FileType.CHARACTER_DEVICE && rawDevice == 0;
    }
}
