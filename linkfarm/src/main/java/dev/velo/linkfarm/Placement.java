package dev.velo.linkfarm;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * How a farm's files come to their content. All but {@link #METADATA} look alike: mode 0444 or 0555, one fixed time (docs/adr/0002), so which
 * of these was taken makes no difference to a program.
 */
public enum Placement {
    /** A further name for the blob's inode: no data, no inode. */
    HARDLINK,
    /** An inode of its own that shares the blob's blocks. */
    REFLINK,
    /** An inode and data of its own. */
    COPY,
    /** An inode without data, with the manifest's own mode and time; the run's overlay finds the data in the store (docs/adr/0009). */
    METADATA;

    /** What the choice is made from where none is asked for, the cheapest first. */
    static final List<Placement> ALIKE = List.of(HARDLINK, REFLINK, COPY);

    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The placement with this label; empty where there is none. */
    public static Optional<Placement> of(String label) {
        for (Placement placement : values()) {
            if (placement.label().equals(label)) {
                return Optional.of(placement);
            }
        }
        return Optional.empty();
    }
}
