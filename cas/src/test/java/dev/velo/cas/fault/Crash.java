package dev.velo.cas.fault;

/** The process was killed here: an error that nothing catches. */
public final class Crash extends Error {
    private static final long serialVersionUID = 1;

    public Crash() {
        super("killed", null, false, false);
    }
}
