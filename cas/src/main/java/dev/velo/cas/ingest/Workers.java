package dev.velo.cas.ingest;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Threads that take the youngest piece of work first. Work begets work, so a bound on the queue could stop everybody; taking the youngest
 * keeps it short instead: a tree is walked depth first, and what waits is what was found on the way down. After the first failure the
 * remaining work is still run, and is expected to end at once.
 */
final class Workers implements AutoCloseable {
    /** A piece of work that may fail. */
    interface Task {
        void run() throws IOException;
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition moreWork = lock.newCondition();
    private final Condition allDone = lock.newCondition();
    private final Deque<Task> waiting = new ArrayDeque<>();
    private final boolean inline;
    private int unfinished;
    private boolean closed;
    private volatile Throwable failure;

    /** @param count of threads; 0 leaves all the work to the thread that waits for it, in an order that can be repeated */
    Workers(int count) {
        inline = count == 0;
        for (int i = 0; i < count; i++) {
            Thread thread = new Thread(this::work, "velo-ingest-" + i);
            thread.setDaemon(true);
            thread.start();
        }
    }

    void submit(Task task) {
        lock.lock();
        try {
            waiting.push(task);
            unfinished++;
            moreWork.signal();
        } finally {
            lock.unlock();
        }
    }

    private void work() {
        for (Task task = next(); task != null; task = next()) {
            run(task);
        }
    }

    private void run(Task task) {
        try {
            task.run();
        } catch (IOException | RuntimeException | Error e) {
            fail(e);
        }
        finished();
    }

    private void runInline() {
        while (inline && !waiting.isEmpty()) {
            run(waiting.pop());
        }
    }

    private Task next() {
        lock.lock();
        try {
            while (waiting.isEmpty()) {
                if (closed) {
                    return null;
                }
                moreWork.awaitUninterruptibly();
            }
            return waiting.pop();
        } finally {
            lock.unlock();
        }
    }

    private void finished() {
        lock.lock();
        try {
            unfinished--;
            if (unfinished == 0) {
                allDone.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void fail(Throwable cause) {
        lock.lock();
        try {
            failure = failure == null ? cause : failure;
        } finally {
            lock.unlock();
        }
    }

    /** True where going on makes no sense. */
    boolean failed() {
        return failure != null;
    }

    /** Waits for everything submitted, and for what that submits. */
    void finish() throws IOException, VeloException {
        runInline();
        lock.lock();
        try {
            while (unfinished > 0) {
                allDone.await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VeloException("cannot finish the ingest: it was interrupted", "start it again", e);
        } finally {
            lock.unlock();
        }
        if (failure instanceof IOException e) {
            throw e;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }

    /** Returns when no task runs any more: they use descriptors that the caller closes next. */
    @Override
    public void close() {
        fail(new IOException("given up"));
        runInline();
        lock.lock();
        try {
            while (unfinished > 0) {
                allDone.awaitUninterruptibly();
            }
            closed = true;
            moreWork.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
