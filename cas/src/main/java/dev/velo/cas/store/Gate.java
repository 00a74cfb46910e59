package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Where writers and the collector meet: a writer passes shared for the moment in which it finds a blob present and marks it as in use,
 * or registers a lease or a root; the collector passes exclusive for the moment in which it looks at a batch of candidates again and
 * removes them. So nothing can vanish between "it is there" and "it is needed". A flock(2): it dies with its holder.
 *
 * <p>One instance serves the threads of one process in turn.
 */
final class Gate implements AutoCloseable {
    /** Work done while the gate is held. */
    interface Action<T> {
        T run() throws IOException;
    }

    private final FileOps files;
    private final Descriptor lockFile;
    private final ReentrantLock threads = new ReentrantLock();

    Gate(FileOps files, int storeRoot) throws IOException {
        this.files = files;
        this.lockFile = files.openOrCreate(storeRoot, StoreLayout.GATE, 0600);
    }

    <T> T shared(Action<T> action) throws IOException {
        return pass(false, action);
    }

    <T> T exclusive(Action<T> action) throws IOException {
        return pass(true, action);
    }

    private <T> T pass(boolean exclusive, Action<T> action) throws IOException {
        threads.lock();
        try {
            files.lock(lockFile.number(), exclusive);
            try {
                return action.run();
            } finally {
                files.unlock(lockFile.number());
            }
        } finally {
            threads.unlock();
        }
    }

    /**
     * Tells collectors at work that something is needed from now on. Call it inside the gate. A random modification time of the lock
     * file: that takes no space, and unlike a clock it never shows the same twice.
     */
    void announce() throws IOException {
        long random = ThreadLocalRandom.current().nextLong();
        files.setModified(
                lockFile.number(), new Timestamp(random >>> 33, (int) ((random & 0x7fffffffL) % 1_000_000_000)));
    }

    /** Another value after each announcement. Call it inside the gate. */
    Timestamp announced() throws IOException {
        return files.status(lockFile.number()).modified();
    }

    /** The store has this lock file still, and not another one of its name. */
    boolean isInPlace(int storeRoot) throws IOException {
        Optional<FileStatus> named = files.statusIfPresent(storeRoot, StoreLayout.GATE);
        return named.isPresent() && named.get().isSameFile(files.status(lockFile.number()));
    }

    @Override
    public void close() throws IOException {
        lockFile.close();
    }
}
