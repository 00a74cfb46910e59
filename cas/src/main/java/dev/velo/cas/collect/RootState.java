package dev.velo.cas.collect;

import dev.velo.cas.Digest;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A registered manifest as it stands now.
 *
 * @param manifest the one that was registered
 * @param isProtected its blobs are immutable and it never expires
 */
public record RootState(Path file, Digest manifest, State state, boolean isProtected) {
    /** What has become of the file. */
    public enum State {
        PRESENT,
        /** Another manifest is in its place: both keep their contents until that one is registered. */
        CHANGED,
        MISSING,
        UNREADABLE;

        public String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
