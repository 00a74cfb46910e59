package dev.velo.runner;

import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.namespaces.LaunchPlan;
import dev.velo.namespaces.PlanCodec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** A run of which everything is there but the process. Closed before it was handed over, it leaves nothing. Use once, by one thread. */
public final class PlannedRun implements AutoCloseable {
    /** What becomes of the process that takes it over. */
    public enum Form {
        /** velo-launch: docs/formats/launch-plan.md. */
        SANDBOX,
        /** velo-session: docs/formats/session-plan.md. */
        SESSION
    }

    /** What is wanted of the files that a session's program writes, when it has ended. */
    public enum Capture {
        NOTHING,
        DIGESTS,
        CONTENTS
    }

    /** All of the plan but what only who hands it over knows. */
    interface Draft {
        byte[] complete(int lock, OptionalLong descriptorLimit);
    }

    private final Form form;
    private final Path program;
    private final Store store;
    private final Lease lease;
    private Draft plan;
    private List<UsedFarm> found = List.of();
    private Optional<RepeatableRun> repeatable = Optional.empty();
    private Capture capture = Capture.NOTHING;
    private boolean handedOver;

    PlannedRun(Form form, Path program, Store store, Lease lease, Draft plan) {
        this.form = form;
        this.program = program;
        this.store = store;
        this.lease = lease;
        this.plan = plan;
    }

    /** In a sandbox. */
    static PlannedRun isolated(Installation installation, Store store, Lease lease, LaunchPlan.Builder plan) {
        return new PlannedRun(Form.SANDBOX, installation.launcher(), store, lease, (lock, limit) -> {
            limit.ifPresent(plan::descriptorLimit);
            return PlanCodec.encode(plan.keep(lock).build());
        });
    }

    PlannedRun with(List<UsedFarm> farms, Optional<RepeatableRun> run) {
        found = List.copyOf(farms);
        repeatable = run;
        return this;
    }

    PlannedRun capturing(Capture wanted) {
        capture = wanted;
        return this;
    }

    /** Of a sandbox {@link Capture#NOTHING}: its upper layer is read at the end. */
    public Capture capture() {
        return capture;
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
     * The bytes of the plan for the process that takes it over.
     *
     * @param lock the number under which that process has the descriptor {@link #lock}, which lives on in it
     * @param descriptorLimit the soft limit of open files that the program gets; empty for the one that that process has
     */
    public byte[] plan(int lock, OptionalLong descriptorLimit) {
        Draft draft = plan;
        if (draft == null) {
            throw new IllegalStateException("there is one plan for a run");
        }
        plan = null;
        return draft.complete(lock, descriptorLimit);
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

    public Form form() {
        return form;
    }

    /** The program that takes the plan. */
    public Path program() {
        return program;
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
