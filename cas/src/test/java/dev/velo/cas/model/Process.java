package dev.velo.cas.model;

import dev.velo.cas.fault.Crash;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.InterposedFileOps;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A process of the model: its own descriptors, hence its own locks; scheduled and perhaps killed between any two of its calls. */
final class Process {
    private static final Set<String> LOOKS = Set.of(
            "close",
            "seek",
            "read",
            "readAt",
            "list",
            "openDirectory",
            "openDirectoryFollowing",
            "nextData",
            "nextHole");

    private final FileOps system = FileOps.system();
    private final FileOps ops = InterposedFileOps.of(system, this::call);
    private final Scheduler.Turn turn;
    private final Clockwork clock;
    private final double restlessness;
    private final List<String> trace;
    private final Set<Integer> open = new TreeSet<>();
    private int callsToLive;
    private boolean dead;

    /**
     * @param callsToLive it is killed before this call, negative for never
     * @param trace null where nobody wants one
     */
    Process(Scheduler.Turn turn, Clockwork clock, double restlessness, int callsToLive, List<String> trace) {
        this.turn = turn;
        this.clock = clock;
        this.restlessness = restlessness;
        this.callsToLive = callsToLive;
        this.trace = trace;
    }

    FileOps ops() {
        return ops;
    }

    boolean isDead() {
        return dead;
    }

    /** A point where other processes may go first, between calls that are not the store's. */
    void pause(String what) {
        note(what);
        turn.offer(restlessness);
    }

    void note(String what) {
        if (trace != null) {
            trace.add(turn + ": " + what);
        }
    }

    /** The kernel closes its descriptors, and with them go its locks. */
    void die() throws Exception {
        for (int fd : open) {
            system.close(fd);
        }
        open.clear();
        turn.progressed();
    }

    private Object call(InterposedFileOps.Call call) throws Throwable {
        if (dead) {
            throw new Crash();
        }
        if (--callsToLive == 0) {
            note("killed before " + call);
            dead = true;
            die();
            throw new Crash();
        }
        turn.offer(LOOKS.contains(call.name()) ? restlessness / 8 : restlessness);
        Object result = made(call);
        if (trace != null && !call.name().equals("close")) {
            note(call + " -> " + (result instanceof Descriptor file ? file.number() : result));
        }
        return result;
    }

    private Object made(InterposedFileOps.Call call) throws Throwable {
        switch (call.name()) {
            case "lock" -> {
                while (!system.tryLock(call.number(0), (Boolean) call.arguments()[1])) {
                    turn.blocked();
                }
                return null;
            }
            case "unlock", "close" -> {
                if (call.name().equals("close")) {
                    open.remove(call.number(0));
                }
                Object result = call.proceed();
                turn.progressed();
                return result;
            }
            case "status" -> {
                return clock.told((FileStatus) call.proceed());
            }
            case "statusIfPresent" -> {
                return ((Optional<?>) call.proceed()).map(status -> clock.told((FileStatus) status));
            }
            default -> {
                return changing(call);
            }
        }
    }

    private Object changing(InterposedFileOps.Call call) throws Throwable {
        Object[] arguments = call.arguments();
        Optional<FileStatus> before =
                call.name().equals("unlink") ? system.statusIfPresent(call.number(0), call.name(1)) : Optional.empty();
        Object result = call.proceed();
        if (result instanceof Descriptor file) {
            open.add(file.number());
        }
        switch (call.name()) {
            case "createFile", "openOrCreate" -> change(system.status(((Descriptor) result).number()));
            case "write", "truncate" -> change(system.status(call.number(0)));
            case "changeMode", "changeOwner", "setModified" ->
                change(
                        arguments[1] instanceof byte[] name
                                ? system.status(call.number(0), name)
                                : system.status(call.number(0)));
            case "touch", "makeDirectory" -> change(system.status(call.number(0), call.name(1)));
            case "symlink" -> change(system.status(call.number(1), call.name(2)));
            case "rename", "renameNew", "link" -> change(system.status(call.number(2), call.name(3)));
            case "unlink" -> before.ifPresent(this::change);
            default -> {
                return result;
            }
        }
        return result;
    }

    private void change(FileStatus status) {
        clock.pass();
        clock.change(status.inode());
    }

    /** What it did, call by call. */
    static List<String> newTrace() {
        return new ArrayList<>();
    }
}
