package dev.velo.cas.fault;

import dev.velo.cas.posix.FileOps;
import java.nio.file.Path;

/** An operation whose every call is to go wrong once. Each method is called with a directory of its own. */
public interface Scenario {
    /** The state before; not disturbed. */
    void prepare(Path directory) throws Exception;

    /** The operation. Opens what it uses through {@code files} and closes it. */
    void act(Path directory, FileOps files) throws Exception;

    /**
     * What must be true after it, however it ended, seen by a process that comes later.
     *
     * @param done it reported success
     */
    void check(Path directory, boolean done) throws Exception;
}
