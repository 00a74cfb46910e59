package dev.velo.daemon;

import dev.velo.daemon.socket.Connection;
import dev.velo.daemon.socket.Listener;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Takes connections, and answers itself what needs no work: to hand that to another thread would take as long. A look at a file can take for
 * ever all the same (a mount whose server is gone, a store whose gate somebody holds); then another acceptance takes its place.
 */
final class Acceptance implements Runnable {
    private static final long ACCEPT_MS = 500;
    private static final long STUCK_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Listener listener;
    private final int user;
    private final Resident resident;
    private final AtomicInteger stuck;
    private volatile Conversation current;
    private volatile long since;
    private volatile boolean replaced;

    /** @param stuck how many of them do not come back: as long as there is one, threads that may wait do all the work */
    Acceptance(Listener listener, int user, Resident resident, AtomicInteger stuck) {
        this.listener = listener;
        this.user = user;
        this.resident = resident;
        this.stuck = stuck;
    }

    @Override
    public void run() {
        while (!replaced && !resident.isEnding()) {
            take(ACCEPT_MS);
        }
        if (replaced) {
            stuck.decrementAndGet();
        }
    }

    /** For another thread: true where this one has been at one conversation for too long, which others look after from then on. */
    boolean isReplaced() {
        Conversation taken = current;
        if (taken == null || System.nanoTime() - since < STUCK_NANOS) {
            return false;
        }
        stuck.incrementAndGet();
        replaced = true;
        resident.monitor().watch(taken);
        return true;
    }

    /** True where there was one. */
    boolean take(long milliseconds) {
        Optional<Connection> accepted;
        try {
            accepted = listener.accept(milliseconds);
        } catch (IOException e) {
            // No descriptor is left for it.
            resident.log("cannot take a connection: " + e.getMessage());
            pause();
            return false;
        }
        accepted.ifPresent(this::converse);
        return accepted.isPresent();
    }

    private void converse(Connection connection) {
        try {
            if (connection.user() != user) {
                resident.log("uid " + connection.user() + " has connected, and gets nothing");
                connection.close();
                return;
            }
            Conversation conversation = new Conversation(connection, resident);
            if (stuck.get() > 0 || !isAnsweredAtOnce(conversation)) {
                resident.work(conversation);
            }
        } catch (RejectedExecutionException | IOException e) {
            resident.log("too many connections");
            connection.close();
        }
    }

    private boolean isAnsweredAtOnce(Conversation conversation) {
        since = System.nanoTime();
        current = conversation;
        try {
            return conversation.isAnsweredAtOnce();
        } finally {
            current = null;
        }
    }

    private static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
