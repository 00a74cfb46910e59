package dev.velo.runner;

import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.namespaces.LaunchException;
import dev.velo.namespaces.exec.IdLoan;
import java.nio.file.Path;
import java.util.Optional;

/** What only a process of the caller's own can do. One that works for him may pass it on to that, or decline. Safe for use by many threads. */
public interface CallerProcess {
    /**
     * The run that was planned becomes the caller's: its process id, streams and terminal. Does not return where this is the caller's process.
     *
     * @return the exit status of the command where another process goes on with the run
     * @throws DeclinedException where a process of the caller's own must plan it
     */
    int launch(PlannedRun run) throws VeloException, LaunchException;

    /**
     * The same command once more, from its beginning, with these ids. Returns only by exception.
     *
     * @throws DeclinedException where a process of the caller's own must do that
     */
    void startAgain(IdLoan loan) throws VeloException;

    /**
     * Has this done on a thread of its own when the caller's process is told to end, which it does when that is done.
     *
     * @return takes it back
     */
    Registration whenEnded(Runnable action);

    /**
     * The command works on this store.
     *
     * @throws DeclinedException where what works for him is for another one
     */
    default void use(Path store) {}

    /** As {@link Manifest#open}; whoever works for many may have it in memory still. */
    default Manifest open(UserPath file) throws ManifestException {
        return Manifest.open(file);
    }

    /** The resident process that works for him; none where it is a process of his own. */
    default Optional<ResidentProcess> resident() {
        return Optional.empty();
    }

    /** An action that is to be done. */
    interface Registration extends AutoCloseable {
        @Override
        void close();
    }
}
