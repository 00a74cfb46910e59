package dev.velo.cas.manifest;

/** The types of a manifest entry and their codes in the format. */
public enum EntryType {
    DIRECTORY(1),
    FILE(2),
    SYMLINK(3),
    WHITEOUT(4);

    private final int code;

    EntryType(int code) {
        this.code = code;
    }

    public int code() {
        return code;
    }
}
