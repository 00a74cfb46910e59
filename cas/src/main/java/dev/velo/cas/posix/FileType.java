package dev.velo.cas.posix;

/** The type of a file, as in the format bits of {@code st_mode} (inode(7)). */
public enum FileType {
    REGULAR("regular file"),
    DIRECTORY("directory"),
    SYMLINK("symbolic link"),
    FIFO("FIFO"),
    SOCKET("socket"),
    CHARACTER_DEVICE("character device"),
    BLOCK_DEVICE("block device"),
    UNKNOWN("file of unknown type");

    private final String words;

    FileType(String words) {
        this.words = words;
    }

    /** The type in words, for messages. */
    public String words() {
        return words;
    }

    static FileType ofMode(int mode) {
        return switch (mode & 0170000) {
            case 0100000 -> REGULAR;
            case 0040000 -> DIRECTORY;
            case 0120000 -> SYMLINK;
            case 0010000 -> FIFO;
            case 0140000 -> SOCKET;
            case 0020000 -> CHARACTER_DEVICE;
            case 0060000 -> BLOCK_DEVICE;
            default -> UNKNOWN;
        };
    }
}
