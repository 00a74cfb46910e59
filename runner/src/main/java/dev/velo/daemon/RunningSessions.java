package dev.velo.daemon;

import dev.velo.cas.VeloException;
import dev.velo.daemon.socket.Notices;
import dev.velo.runner.PlannedRun;
import dev.velo.runner.SessionIntake;
import dev.velo.shim.ShimSession;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;

/**
 * The sessions that were planned here and whose program runs: the kernel tells when a file of theirs is closed, and what has been left alone for a
 * moment is taken in, by one thread that gives way to others (docs/adr/0024-contents-of-a-running-session.md). What goes wrong is logged, and ends that for the session. Safe
 * for use by many threads.
 */
final class RunningSessions {
    /** More runs at a time are left to their end. */
    private static final int MOST = 64;

    /** Of one session. */
    private static final int MOST_FILES = 1 << 16;

    /** One of them. Its files are for any thread, its intake for the one that works. */
    private static final class Session {
        private final String name;
        private final SessionIntake intake;
        private final QuietFiles files = new QuietFiles(MOST_FILES);
        private volatile boolean begun;
        private int looked;
        private long stored;

        Session(String name, SessionIntake intake) {
            this.name = name;
            this.intake = intake;
        }

        long nextAt() {
            return intake.isOver() || !begun ? Long.MIN_VALUE : Math.min(files.nextAt(), intake.commitAt());
        }

        void step() throws IOException, VeloException {
            long now = System.nanoTime();
            if (!begun) {
                // What was written before anybody listened.
                intake.nodes().forEach(node -> files.written(node, now));
                begun = true;
            } else if (intake.commitAt() <= now) {
                stored += intake.commit();
            } else {
                take(files.take(now));
            }
        }

        private void take(OptionalInt node) throws IOException, VeloException {
            if (node.isEmpty()) {
                return;
            }
            if (intake.take(node.getAsInt()) == SessionIntake.Outcome.LATER) {
                files.written(node.getAsInt(), System.nanoTime());
            } else {
                looked++;
            }
        }
    }

    private final Consumer<String> log;
    private final Map<Integer, Session> byWatch = new HashMap<>();
    private final Map<String, Session> sessions = new LinkedHashMap<>();
    private Notices notices;
    private boolean broken;

    RunningSessions(Consumer<String> log) {
        this.log = log;
    }

    /** Its program may have begun, and ended. */
    void watch(PlannedRun run) {
        if (run.capture() == PlannedRun.Capture.NOTHING || !begin()) {
            return;
        }
        String name = run.directory().getFileName().toString();
        try {
            watch(run.directory().toString(), new Session(name, SessionIntake.begin(run)));
        } catch (IOException | VeloException e) {
            log.accept("session " + name + " is left to its end: " + e.getMessage());
        }
    }

    /** Under the lock, which whoever is told anything waits for. */
    private synchronized void watch(String directory, Session session) throws IOException {
        sessions.put(session.name, session);
        try {
            byWatch.put(notices.watch(directory, Notices.About.MADE), session);
            byWatch.put(notices.watch(directory + "/" + ShimSession.FILES, Notices.About.WRITTEN), session);
        } catch (IOException e) {
            session.intake.end();
            throw e;
        } finally {
            notifyAll();
        }
    }

    private synchronized boolean begin() {
        if (broken || sessions.size() >= MOST) {
            return false;
        }
        if (notices == null) {
            try {
                notices = new Notices();
            } catch (IOException e) {
                log.accept("no session is watched: " + e.getMessage());
                broken = true;
                return false;
            }
            start(this::listen, "velo-notices");
            start(this::work, "velo-intake");
        }
        return true;
    }

    private static void start(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
    }

    private void listen() {
        try {
            while (true) {
                for (Notices.Notice notice : notices.next()) {
                    hear(notice);
                }
            }
        } catch (IOException e) {
            log.accept("sessions are not watched any more: " + e.getMessage());
            endAll();
        }
    }

    private synchronized void endAll() {
        broken = true;
        sessions.values().forEach(session -> session.intake.end());
        notifyAll();
    }

    private synchronized void hear(Notices.Notice notice) {
        Session session = notice.last() ? byWatch.remove(notice.watch()) : byWatch.get(notice.watch());
        if (session == null) {
            return;
        }
        long before = session.nextAt();
        if (notice.last() || notice.name().equals(ShimSession.CHANGES)) {
            session.intake.end();
        } else {
            ShimSession.node(notice.name()).ifPresent(node -> session.files.written(node, System.nanoTime()));
        }
        if (session.nextAt() < before) {
            notifyAll();
        }
    }

    private void work() {
        notices.giveWay();
        try {
            while (true) {
                Session session = next();
                try {
                    if (!session.intake.isOver()) {
                        session.step();
                        continue;
                    }
                } catch (IOException | VeloException | RuntimeException e) {
                    log.accept("session " + session.name + " is left to its end: " + e);
                }
                end(session);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The one that has something to do; waits for that. */
    private synchronized Session next() throws InterruptedException {
        while (true) {
            Session first = null;
            for (Session session : sessions.values()) {
                if (first == null || session.nextAt() < first.nextAt()) {
                    first = session;
                }
            }
            long at = first == null ? Long.MAX_VALUE : first.nextAt();
            long now = System.nanoTime();
            if (at <= now) {
                return first;
            }
            if (at == Long.MAX_VALUE) {
                wait();
            } else {
                wait((at - now) / 1_000_000 + 1);
            }
        }
    }

    private void end(Session session) {
        synchronized (this) {
            sessions.remove(session.name);
            byWatch.values().removeIf(session::equals);
        }
        try {
            session.intake.close();
        } catch (IOException e) {
            log.accept("session " + session.name + ": " + e.getMessage());
        }
        log.accept("session " + session.name + ": " + session.looked + " files were looked at while it ran, "
                + session.stored + " blobs stored");
    }
}
