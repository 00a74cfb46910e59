package dev.velo.overlay;

import dev.velo.cas.TreePath;

/** A path that a run left different from the layers below. */
public record Change(Kind kind, TreePath path) implements Comparable<Change> {
    /** How it differs. */
    public enum Kind {
        ADDED("A"),
        MODIFIED("M"),
        REMOVED("D"),
        /** Another type of file. */
        TYPE_CHANGED("T"),
        /** Only mode or time. */
        METADATA("m");

        private final String letter;

        Kind(String letter) {
            this.letter = letter;
        }

        /** One letter, as git's. */
        public String letter() {
            return letter;
        }
    }

    @Override
    public int compareTo(Change other) {
        return path.compareTo(other.path);
    }
}
