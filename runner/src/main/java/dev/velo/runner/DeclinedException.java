package dev.velo.runner;

/** This command needs a process of the caller's own. Nothing was printed, and nothing was done that doing it again would not do. */
public final class DeclinedException extends RuntimeException {
    public DeclinedException(String message) {
        super(message);
    }
}
