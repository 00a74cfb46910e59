package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A claim on the store that lives as long as its lock: of an ingest in progress on every blob it touches, of a run on its manifests.
 * It is a directory, private to the holder, who also keeps there what must go when the claim ends: staged files, a run's upper layer.
 * The lock is a flock(2) on a file in it, so it ends with the last process that holds the descriptor, however that ends.
 */
public final class Lease implements AutoCloseable {
    /** Who holds it; part of its name. */
    public enum Kind {
        INGEST,
        RUN,
        FARM;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private final Leases leases;
    private final String name;
    private final Descriptor directory;
    private final Descriptor lock;
    private volatile Timestamp since;

    Lease(Leases leases, String name, Descriptor directory, Descriptor lock, Timestamp since) {
        this.leases = leases;
        this.name = name;
        this.directory = directory;
        this.lock = lock;
        this.since = since;
    }

    /** Unique in the store. */
    public String name() {
        return name;
    }

    /** The holder's directory, relative to the store. */
    public String place() {
        return placeOf(name);
    }

    /** The directory of whoever holds the lease of this name, relative to the store. */
    public static String placeOf(String name) {
        return new String(StoreLayout.below(StoreLayout.LEASES, name), StandardCharsets.UTF_8);
    }

    /** When it began, by the clock of the store's file system: comparable with change times in the store. */
    public Timestamp since() {
        return since;
    }

    /**
     * Keeps what changed then, too. What a lease keeps is told by its change time, which a clock that was set back puts before the lease's own
     * beginning; from then on the lease keeps everything. Call it inside the gate.
     */
    void cover(Timestamp changed) throws IOException {
        if (changed.compareTo(since) < 0) {
            leases.keepEverything(lock.number());
            since = Leases.EVER;
        }
    }

    /** The descriptor of the holder's directory. */
    public int directory() {
        return directory.number();
    }

    /** The path of the holder's directory. */
    public Path path() {
        return leases.pathOf(name);
    }

    /** The descriptor that holds the lock, to be handed on at exec. */
    public int lock() {
        return lock.number();
    }

    /**
     * Closes what this process has of the claim, which lives on with another process that has the lock's descriptor. That one removes the
     * directory, or, if it does not, the next start does.
     */
    public void leave() {
        Leases.closeQuietly(directory);
        Leases.closeQuietly(lock);
    }

    /** Ends the claim and removes the directory. What a process that dies does not close is removed at the next start. */
    @Override
    public void close() {
        leases.removeQuietly(name);
        Leases.closeQuietly(directory);
        Leases.closeQuietly(lock);
    }
}
