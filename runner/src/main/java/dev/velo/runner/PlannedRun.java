package dev.velo.runner;

import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.namespaces.LaunchPlan;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** A run of which everything is there but the process. Closed before it was handed over, it leaves nothing. Use once, by one thread. */
public final class PlannedRun implements AutoCloseable {
    private final Installation installation;
    private final Store store;
    private final Lease lease;
    private LaunchPlan.Builder plan;
    private List<UsedFarm> found = List.of();
    private Optional<RepeatableRun> repeatable = Optional.empty();
    private boolean handedOver;

    PlannedRun(Installation installation, Store store, Lease lease, LaunchPlan.Builder plan) {
        this.installation = installation;
        this.store = store;
        this.lease = lease;
        this.plan = plan;
    }

    PlannedRun with(List<UsedFarm> farms, Optional<RepeatableRun> run) {
        found = List.copyOf(farms);
        repeatable = run;
        return this;
    }

    /** The farms that were there before it. */
    public List<UsedFarm> found() {
        return found;
    }

    /** What plans the next one with the same options, where that can be told from this one. */
    public Optional<RepeatableRun> repeatable() {
        return repeatable;
    }

    /**
     * The plan for the process that becomes the launcher.
     *
     * @param lock the number under which that process has the descriptor {@link #lock}, which lives on in the launcher
     * @param descriptorLimit the soft limit of open files that the program gets; empty for the one that that process has
     */
    public LaunchPlan plan(int lock, OptionalLong descriptorLimit) {
        LaunchPlan.Builder complete = plan;
        if (complete == null) {
            throw new IllegalStateException("there is one plan for a run");
        }
        plan = null;
        descriptorLimit.ifPresent(complete::descriptorLimit);
        return complete.keep(lock).build();
    }

    /** The descriptor, of this process, that holds the lock of the run's lease. */
    public int lock() {
        return lease.lock();
    }

    /** A directory of this run alone, which ends with it. */
    public Path directory() {
        return lease.path();
    }

    /** The store, which is open for as long as this is. */
    public Store store() {
        return store;
    }

    /** The program that takes the plan. */
    public Path launcher() {
        return installation.launcher();
    }

    /** Another process has the lock's descriptor now: the run is that one's, and closing this ends nothing. */
    public void handedOver() {
        handedOver = true;
    }

    @Override
    public void close() {
        if (handedOver) {
            lease.leave();
        } else {
            lease.close();
        }
    }
}
