package dev.velo.daemon;

import dev.velo.cas.VeloException;
import dev.velo.daemon.socket.Connection;
import dev.velo.runner.Caller;
import dev.velo.runner.DeclinedException;
import dev.velo.runner.PlannedRun;
import java.io.IOException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** One connection, from its first frame to its end. Runs on one thread; {@link #look} is for another. */
final class Conversation implements Runnable {
    /** Commands that are done here; all others take a JVM of their own, by how long they work or by what they take from their caller. */
    private static final Set<String> SERVED = Set.of(
            "run",
            "status",
            "inspect",
            "diff",
            "cat",
            "roots",
            "doctor",
            "completion",
            "daemon",
            "help",
            "--help",
            "-h",
            "--version",
            "-V");

    /** A client waits 2 s for the first frame. */
    private static final long FIRST_ALIVE_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** A client writes right after it has connected. */
    private static final long AT_ONCE_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

    private static final long ALIVE_NANOS = TimeUnit.MILLISECONDS.toNanos(2500);

    private final Connection connection;
    private final Resident resident;
    private final Answers answers;
    private final long begun = System.nanoTime();
    private final Incoming incoming;
    private RemoteCaller caller;
    private Thread worker;
    private Optional<PlannedRun> planned = Optional.empty();
    private boolean over;

    Conversation(Connection connection, Resident resident) {
        this.connection = connection;
        this.resident = resident;
        this.answers = new Answers(connection);
        this.incoming = new Incoming(connection, begun);
    }

    /**
     * Plans a run as one before, which takes no longer than to give it to another thread. Waits a millisecond at most for what the client sends,
     * but it looks at files. False where {@link #run} has to do it; nothing has happened then.
     */
    boolean isAnsweredAtOnce() {
        try {
            Optional<Request> request = incoming.requestAfter(resident.hello(), AT_ONCE_NANOS);
            if (request.isPresent() && isPlannedAgain(request.get())) {
                over();
                return true;
            }
            return false;
        } catch (IOException e) {
            // Whoever reads on finds the same, and says so.
            return false;
        }
    }

    private boolean isPlannedAgain(Request request) throws IOException {
        Optional<PlannedRun> again = resident.runs().again(request);
        if (again.isEmpty()) {
            return false;
        }
        try (connection;
                PlannedRun run = again.get()) {
            new RemoteCaller(request, answers, resident).launch(run);
            resident.used();
        } catch (DeclinedException | VeloException e) {
            // It has gone: a plan that is as long as the request is never too long, and what it was made from is the
            // same.
            resident.log("a connection ended: " + e.getMessage());
        }
        resident.log("run is planned again, " + (System.nanoTime() - begun) / 1000 + " us");
        return true;
    }

    @Override
    public void run() {
        try (connection) {
            try {
                converse();
            } finally {
                // First nobody looks at the connection any more: its descriptor may be another's then.
                over();
                resident.monitor().forget(this);
            }
        } catch (IOException e) {
            // Whoever sends what is no frame, or goes away, is told nothing.
            resident.log("a connection ended: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            resident.log("a command failed: " + e);
            throw e;
        }
        planned.ifPresent(resident::look);
    }

    private void converse() throws IOException {
        if (!isForThisProcess()) {
            return;
        }
        Request request = incoming.request();
        if (isPlannedAgain(request)) {
            return;
        }
        RemoteCaller remote = new RemoteCaller(request, answers, resident);
        begin(remote);
        String outcome = serve(request, remote);
        resident.log(outcome + ", " + (System.nanoTime() - begun) / 1000 + " us");
    }

    private boolean isForThisProcess() throws IOException {
        String difference;
        try {
            Hello hello = incoming.hello();
            if (hello.build().equals(resident.build()) && resident.isFor(hello.identity())) {
                return true;
            }
            difference = hello.build().equals(resident.build()) ? "it is for somebody else" : "it is of another build";
            if (!hello.build().equals(resident.build())) {
                resident.end();
            }
        } catch (FrameException.OtherVersion e) {
            difference = "it does not know " + e.getMessage();
            resident.end();
        }
        answers.other(difference);
        return false;
    }

    /** @return which command, and how it ended */
    private String serve(Request request, RemoteCaller remote) throws IOException {
        try {
            Caller asking = remote.caller();
            String command = asking.arguments().first();
            if (!SERVED.contains(command)) {
                throw new DeclinedException("it is better done by a process of its own");
            }
            remote.asks(resident.runs().question(request, asking));
            int status = resident.perform(asking);
            planned = remote.launched();
            if (planned.isPresent()) {
                return command + " is planned";
            }
            answers.exit(status);
            return command + " ends with " + status;
        } catch (DeclinedException e) {
            answers.decline(e.getMessage());
            return "declined: " + e.getMessage();
        }
    }

    private synchronized void begin(RemoteCaller remote) {
        caller = remote;
        worker = Thread.currentThread();
    }

    private synchronized void over() {
        over = true;
        worker = null;
        // It was for this caller, and the thread goes on to another.
        Thread.interrupted();
    }

    /** Says that it is waited for or worked on; stops that where nobody waits for it. False where there is nothing left to look after. */
    synchronized boolean look() {
        if (over) {
            return false;
        }
        try {
            if (!connection.hasHungUp()) {
                answers.aliveAfter(answers.isFirst() ? FIRST_ALIVE_NANOS : ALIVE_NANOS);
                return true;
            }
        } catch (IOException e) {
            resident.log("a client cannot be reached: " + e.getMessage());
        }
        if (worker != null) {
            worker.interrupt();
            caller.ended();
        }
        return false;
    }
}
