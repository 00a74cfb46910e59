package dev.velo.cas.posix;

/**
 * A name in a directory, as getdents64(2) gives it.
 *
 * @param name raw bytes, one component, never {@code .} or {@code ..}
 * @param type {@link FileType#UNKNOWN} where the file system does not say
 * @param inode its number as the directory has it, which on an overlay may be another than statx(2) gives
 */
public record DirectoryEntry(byte[] name, FileType type, long inode) {}
