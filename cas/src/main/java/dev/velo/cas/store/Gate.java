package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
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

    @Override
    public void close() throws IOException {
        lockFile.close();
    }
}
