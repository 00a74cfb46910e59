package dev.velo.runner;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.linkfarm.FarmUse;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A run that was planned, of which another one with the same options takes all but the lease: so its cost is that of a lease and of a few
 * looks at files. Safe for use by many threads.
 */
public final class RepeatableRun {
    /** That a farm is used is noted no more often than this. */
    private static final long NOTED_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Installation installation;
    private final Path place;
    private final RunTemplate template;
    private final Preconditions preconditions;
    private final AtomicLong noted = new AtomicLong(System.nanoTime());

    /** @param place of the store that it was planned on: a tenant's is another one */
    RepeatableRun(Installation installation, Path place, RunTemplate template, Preconditions preconditions) {
        this.installation = installation;
        this.place = place;
        this.template = template;
        this.preconditions = preconditions;
    }

    /** The same that has further preconditions. */
    public RepeatableRun on(Preconditions further) {
        return new RepeatableRun(installation, place, template, preconditions.and(further));
    }

    /** A change of what it was made from would show. */
    public boolean wouldTell() {
        return preconditions.wouldTell();
    }

    /**
     * Plans a run of another program, for a caller who gives the same options in the same directory.
     *
     * @return empty where something is not what it was, or anything goes wrong: whoever plans it anew knows, and says what
     */
    public Optional<PlannedRun> plan(Store store, CallerEnvironment environment, List<byte[]> command) {
        Lease lease;
        if (!store.path().equals(place)) {
            return Optional.empty();
        }
        try {
            template.targets().check();
            lease = store.leases().take(Lease.Kind.RUN, template.root().manifests());
        } catch (VeloException e) {
            return Optional.empty();
        }
        boolean complete = false;
        try {
            // After the lease: what is there now stays for the run.
            if (!preconditions.hold(store)) {
                return Optional.empty();
            }
            PlannedRun run =
                    PlannedRun.isolated(installation, store, lease, template.plan(store, lease, environment, command));
            complete = true;
            noteUse(store);
            return Optional.of(run);
        } catch (IOException e) {
            return Optional.empty();
        } finally {
            if (!complete) {
                lease.close();
            }
        }
    }

    private void noteUse(Store store) {
        long before = noted.get();
        long now = System.nanoTime();
        if (now - before >= NOTED_NANOS && noted.compareAndSet(before, now)) {
            template.root().trees().forEach(new FarmUse(store)::touch);
        }
    }

    /** It was planned for this command: the options were read to where that begins, and no further. */
    public boolean isOf(List<byte[]> command) {
        return Arrays.equals(
                template.request().command().toArray(byte[][]::new), command.toArray(byte[][]::new), Arrays::compare);
    }
}
