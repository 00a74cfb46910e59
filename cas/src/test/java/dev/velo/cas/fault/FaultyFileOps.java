package dev.velo.cas.fault;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.InterposedFileOps;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * File operations of which the n-th call goes wrong. Counts calls from 1 and knows which descriptors are open; after a {@link Crash}
 * every further call crashes too, until {@link #die} closes what the kernel would close.
 */
public final class FaultyFileOps {
    private static final byte[] NO_NAME = new byte[0];

    private static final Set<String> OF_THE_THREAD = Set.of("assumeOwner", "setFileIdentity");

    private final FileOps system = FileOps.system();
    private final FileOps faulty = InterposedFileOps.of(system, this::call);
    private final Fault fault;
    private final int at;
    private final List<String> calls = new ArrayList<>();
    private final Set<Integer> open = new TreeSet<>();
    private boolean crashed;
    private String hit;

    /** @param at the number of the call that goes wrong, 0 for none */
    public FaultyFileOps(Fault fault, int at) {
        this.fault = fault;
        this.at = at;
    }

    /** Operations that never fail: only counts. */
    public static FaultyFileOps sound() {
        return new FaultyFileOps(Fault.EIO, 0);
    }

    public FileOps ops() {
        return faulty;
    }

    /** The names of the calls so far. */
    public synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    /** The call that went wrong, null where it was not reached. */
    public synchronized String hit() {
        return hit;
    }

    /** Descriptors that were opened and not closed. */
    public synchronized Set<Integer> open() {
        return new TreeSet<>(open);
    }

    /** Closes all descriptors, as the kernel does when a process ends; its locks go with them. */
    public synchronized void die() throws Exception {
        crashed = true;
        for (int fd : open) {
            system.close(fd);
        }
        open.clear();
    }

    private Object call(InterposedFileOps.Call call) throws Throwable {
        if (OF_THE_THREAD.contains(call.name())) {
            // A process that ends takes its threads with it; the thread of a test that pretends to have ended lives on.
            return call.proceed();
        }
        synchronized (this) {
            if (crashed) {
                throw new Crash();
            }
            calls.add(call.name());
            if (calls.size() == at && fault.concerns(call.name())) {
                hit = call.toString();
                return wrong(call);
            }
            if (call.name().equals("close")) {
                open.remove(call.number(0));
            } else if (!call.name().equals("lock")) {
                return opened(call.proceed());
            }
        }
        // Outside of the monitor: another thread may have to unlock first.
        return call.proceed();
    }

    private Object opened(Object result) {
        if (result instanceof Descriptor descriptor) {
            open.add(descriptor.number());
        }
        return result;
    }

    private Object wrong(InterposedFileOps.Call call) throws Throwable {
        switch (fault) {
            case SHORT_READ -> {
                ByteBuffer buffer = (ByteBuffer) call.arguments()[1];
                int limit = buffer.limit();
                buffer.limit(buffer.position() + Math.max(1, buffer.remaining() / 3));
                try {
                    return call.proceed();
                } finally {
                    buffer.limit(limit);
                }
            }
            case CRASH, HALT -> {
                if (call.name().equals("write")) {
                    writeHalf(call);
                }
                if (fault == Fault.HALT) {
                    Runtime.getRuntime().halt(137);
                }
                crashed = true;
                throw new Crash();
            }
            default -> {
                if (call.name().equals("write")) {
                    writeHalf(call);
                }
                if (call.name().equals("close")) {
                    // On Linux the descriptor is gone even where close(2) fails.
                    open.remove(call.number(0));
                    call.proceed();
                }
                throw new ErrnoException("injected " + call.name(), NO_NAME, fault.errno());
            }
        }
    }

    private static void writeHalf(InterposedFileOps.Call call) throws Throwable {
        ByteBuffer buffer = (ByteBuffer) call.arguments()[1];
        int limit = buffer.limit();
        buffer.limit(buffer.position() + buffer.remaining() / 2);
        call.proceed();
        buffer.limit(limit);
    }
}
