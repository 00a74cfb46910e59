package dev.velo.daemon;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.Store;
import dev.velo.runner.Installation;
import dev.velo.runner.NativeDisposal;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * What each start of a command does for those that were killed, and a process that stays has to do for itself: it removes what their runs have
 * left in the store. And when nobody has asked for anything for a moment, it gives memory back. For use by one thread at a time.
 */
final class Tidying {
    private static final long MOMENT_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long BUSY_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Path store;
    private final Runnable forget;
    private final Consumer<String> log;
    private volatile long tidied = System.nanoTime();

    /** @param forget what was kept in memory and can be read again */
    Tidying(Path store, Runnable forget, Consumer<String> log) {
        this.store = store;
        this.forget = forget;
        this.log = log;
    }

    /** @param lastUse as System.nanoTime told */
    boolean isDue(long lastUse) {
        long now = System.nanoTime();
        boolean idle = now - lastUse > MOMENT_NANOS;
        return lastUse - tidied > 0 && (idle || now - tidied > BUSY_NANOS);
    }

    /** Those that need long are deleted by a process of their own. */
    void tidy(long lastUse) {
        tidied = System.nanoTime();
        try (Store opened = Store.open(store)) {
            new NativeDisposal(Installation.ofThisProcess()).later(opened);
        } catch (VeloException e) {
            log.accept("nothing is tidied: " + e.getMessage());
        }
        if (tidied - lastUse > MOMENT_NANOS) {
            forget.run();
            // The collector gives back to the host what is free after a full collection, and does none unasked.
            System.gc();
        }
    }
}
