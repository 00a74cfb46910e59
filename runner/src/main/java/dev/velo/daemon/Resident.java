package dev.velo.daemon;

import dev.velo.cas.VeloException;
import dev.velo.cas.posix.FileOps;
import dev.velo.daemon.socket.Listener;
import dev.velo.daemon.socket.Sockets;
import dev.velo.runner.Caller;
import dev.velo.runner.CallerProcess;
import dev.velo.runner.FarmUpkeep;
import dev.velo.runner.Installation;
import dev.velo.runner.PlannedRun;
import dev.velo.runner.ResidentProcess;
import dev.velo.runner.ResidentStatus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;

/** The resident process: takes connections and has the commands done. */
public final class Resident implements ResidentProcess {
    /** Commands at one time; more than that would only take turns. */
    private static final int WORKERS = 32;

    /** Connections that wait. Who gets no frame within 2 s helps himself; so does he whose connection is closed. */
    private static final int WAITING = 512;

    /** Some 125,000 entries, in bytes of manifests. */
    private static final long MANIFESTS = 16 << 20;

    private static final String ABOUT_ITSELF = "daemon";
    private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(300);
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long LONGEST_COMMAND_H = 12;

    private final Place place;
    private final Surroundings surroundings;
    private final Path store;
    private final ToIntFunction<Caller> commands;
    private final Caller starter;
    private final ManifestCache manifests = new ManifestCache(MANIFESTS, Clock.systemUTC());
    private final byte[] hello;
    private final RepeatableRuns runs;
    private final FarmChecks farms;
    private final RunningSessions sessions = new RunningSessions(this::log);
    private final Tidying tidying;
    private final Monitor monitor = new Monitor();
    private final Instant since = Instant.now();
    private final AtomicLong requests = new AtomicLong();
    private final ThreadPoolExecutor workers = new ThreadPoolExecutor(
            WORKERS, WORKERS, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(WAITING), Resident::worker);
    private volatile long lastUse = System.nanoTime();
    private volatile boolean ending;

    private Resident(Place place, Path store, Caller starter, ToIntFunction<Caller> commands) throws IOException {
        this.place = place;
        this.surroundings = new Surroundings(place, Installation.ofThisProcess(), store);
        this.store = store;
        this.hello = new Hello(surroundings.build(), place.identity()).frame();
        this.runs = new RepeatableRuns(new OpenStore(store));
        this.starter = starter;
        this.tidying = new Tidying(store, manifests::forget, this::log);
        this.farms = new FarmChecks(new FarmUpkeep(store, Installation.ofThisProcess()), this::log);
        this.commands = commands;
        workers.allowCoreThreadTimeOut(true);
    }

    /**
     * Works until it is told to end, nobody has asked for anything for a while, or what it works with is gone.
     *
     * @param directory where the client that started this process has put the lock
     * @param starter whoever started it; the log goes to his standard error
     * @param commands does one command of one caller, and returns its exit status
     */
    public static void serve(
            Path directory, String socket, ResidentSettings settings, Caller starter, ToIntFunction<Caller> commands)
            throws VeloException {
        Place place = Place.takeOver(directory, socket);
        try {
            new Resident(place, settings.store(), starter, commands).work(settings.idle());
        } catch (IOException e) {
            throw new VeloException("cannot serve: " + e.getMessage(), "see velo daemon start", e);
        }
    }

    private static Thread worker(Runnable work) {
        return daemon(work, "velo-worker");
    }

    private static Thread daemon(Runnable work, String name) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        return thread;
    }

    private void work(Duration idle) throws IOException {
        Sockets sockets = new Sockets();
        FileOps files = FileOps.system();
        files.raiseDescriptorLimit();
        daemon(monitor, "velo-monitor").start();
        CallerProcess.Registration told = starter.process().whenEnded(this::end);
        try (Listener listener = place.listen(sockets)) {
            // Each caller's own is applied where files are made for him.
            sockets.umask(0);
            log("serves store " + store);
            AtomicInteger stuck = new AtomicInteger();
            lookAfter(() -> new Acceptance(listener, files.effectiveUid(), this, stuck), idle);
            end();
            // Who has connected in time is answered.
            Acceptance last = new Acceptance(listener, files.effectiveUid(), this, stuck);
            while (last.take(0)) {
                continue;
            }
        } finally {
            end();
            told.close();
        }
        workers.shutdown();
        try {
            workers.awaitTermination(LONGEST_COMMAND_H, TimeUnit.HOURS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        log("ends");
    }

    /** Returns when it is time to end. */
    private void lookAfter(Supplier<Acceptance> acceptances, Duration idle) throws IOException {
        Acceptance acceptance = acceptances.get();
        daemon(acceptance, "velo-accept").start();
        long looked = System.nanoTime();
        while (!ending) {
            LockSupport.parkNanos(this, PERIOD_NANOS);
            if (acceptance.isReplaced()) {
                log("a run takes long to be planned again; others are taken meanwhile");
                acceptance = acceptances.get();
                daemon(acceptance, "velo-accept").start();
            }
            if (System.nanoTime() - looked > LOOK_NANOS) {
                looked = System.nanoTime();
                Optional<String> reason = reasonToEnd(idle);
                if (reason.isPresent()) {
                    log("ends: " + reason.get());
                    return;
                }
                if (tidying.isDue(lastUse)) {
                    tidyBeside();
                }
            }
        }
    }

    private Optional<String> reasonToEnd(Duration idle) throws IOException {
        Optional<String> reason = surroundings.missing();
        return reason.isEmpty() && isIdleFor(idle)
                ? Optional.of("nobody has asked for anything for " + idle.toSeconds() + " s")
                : reason;
    }

    private void tidyBeside() {
        long used = lastUse;
        try {
            workers.execute(() -> tidying.tidy(used));
        } catch (RejectedExecutionException e) {
            // There is enough to do; it is due again the next time.
            return;
        }
    }

    private boolean isIdleFor(Duration idle) {
        return workers.getActiveCount() == 0 && System.nanoTime() - lastUse > idle.toNanos();
    }

    /** Gives it to a thread of its own, or has it wait for one. */
    void work(Conversation conversation) {
        workers.execute(conversation);
        monitor.watch(conversation);
    }

    boolean isEnding() {
        return ending;
    }

    String build() {
        return surroundings.build();
    }

    /** The first frame of whoever this process is for. */
    byte[] hello() {
        return hello;
    }

    boolean isFor(byte[] identity) {
        return place.isFor(identity);
    }

    ManifestCache manifests() {
        return manifests;
    }

    RepeatableRuns runs() {
        return runs;
    }

    /** After a run was planned: of no concern to the run itself. */
    void look(PlannedRun run) {
        sessions.watch(run);
        if (!farms.areWhole(run)) {
            runs.forget();
        }
    }

    Monitor monitor() {
        return monitor;
    }

    /** A command was done for somebody. */
    void used() {
        requests.incrementAndGet();
        lastUse = System.nanoTime();
    }

    int perform(Caller caller) {
        // Questions about the process itself are no use of it.
        boolean used = !caller.arguments().first().equals(ABOUT_ITSELF);
        if (used) {
            requests.incrementAndGet();
        }
        try {
            return commands.applyAsInt(caller);
        } finally {
            if (used) {
                lastUse = System.nanoTime();
            }
        }
    }

    /** Into NAME.log, where whoever started it wants to know. */
    void log(String line) {
        if (starter.debugs()) {
            starter.streams().err().println(Instant.now() + " " + line);
        }
    }

    @Override
    public ResidentStatus status() {
        return new ResidentStatus(
                ProcessHandle.current().pid(),
                build(),
                store,
                since,
                requests.get(),
                Duration.ofNanos(System.nanoTime() - lastUse));
    }

    @Override
    public void end() {
        ending = true;
        try {
            place.leave();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
