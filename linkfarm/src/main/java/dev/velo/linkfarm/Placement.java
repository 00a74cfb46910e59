package dev.velo.linkfarm;

import java.util.Locale;

/** How a farm's files come to their content. All look alike: mode 0444 or 0555, one fixed time (docs/adr/0002). */
public enum Placement {
    /** A further name for the blob's inode: no data, no inode. */
    HARDLINK,
    /** An inode of its own that shares the blob's blocks. */
    REFLINK,
    /** An inode and data of its own. */
    COPY;

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
