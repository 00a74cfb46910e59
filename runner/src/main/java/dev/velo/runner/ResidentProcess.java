package dev.velo.runner;

/** A process that works for many callers, as one of them may see and end it. Safe for use by many threads. */
public interface ResidentProcess {
    ResidentStatus status();

    /** No further command comes to it once this has returned; it ends when those that it does are done. */
    void end();
}
