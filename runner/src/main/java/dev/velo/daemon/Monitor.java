package dev.velo.daemon;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Looks after the conversations whose command works. Where there is none it sleeps. */
final class Monitor implements Runnable {
    private static final long PERIOD_MS = 200;

    private final Set<Conversation> watched = new LinkedHashSet<>();

    synchronized void watch(Conversation conversation) {
        if (watched.isEmpty()) {
            notifyAll();
        }
        watched.add(conversation);
    }

    synchronized void forget(Conversation conversation) {
        watched.remove(conversation);
    }

    @Override
    public void run() {
        try {
            while (true) {
                for (Conversation conversation : next()) {
                    if (!conversation.look()) {
                        forget(conversation);
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized List<Conversation> next() throws InterruptedException {
        while (watched.isEmpty()) {
            wait();
        }
        wait(PERIOD_MS);
        return List.copyOf(watched);
    }
}
