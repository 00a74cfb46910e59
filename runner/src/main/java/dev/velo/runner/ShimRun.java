package dev.velo.runner;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.shim.SessionPlan;
import dev.velo.shim.ShimLibrary;
import dev.velo.shim.ShimPrefix;
import dev.velo.shim.ShimSession;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Mode B: a program of the host, as the caller, that is shown the tree by the preload library. There is no sandbox. */
public final class ShimRun {
    private final Store store;
    private final Installation installation;
    private final Caller caller;

    public ShimRun(Store store, Installation installation, Caller caller) {
        this.store = store;
        this.installation = installation;
        this.caller = caller;
    }

    /** Everything up to the process. Where it fails, what it has made until then is gone. */
    public PlannedRun plan(RunRequest request) throws VeloException {
        ResultTargets.of(request, caller).check();
        ShimLibrary library = ShimLibrary.find(
                caller.environment().text(ShimLibrary.VARIABLE), caller.directory(), installation.home());
        RequestedManifests manifests = RequestedManifests.open(request, caller.process());
        Lease lease = store.leases().take(Lease.Kind.RUN, manifests.digests());
        boolean complete = false;
        try {
            ShimPrefix prefix = ShimPrefix.of(caller.environment().text(ShimPrefix.VARIABLE), store.outermost());
            manifests.register(store);
            ShimSession session = ShimSession.prepare(store, lease, manifests.manifests(), prefix);
            List<String> finish = FinishProgram.ofSession(request, manifests.digests(), store.path(), caller)
                    .map(program -> program.command(lease))
                    .orElse(List.of());
            SessionPlan plan = new SessionPlan(
                    request.command(),
                    caller.environment().withAll(request.environment()),
                    workdir(request, prefix),
                    session,
                    library,
                    installation.enter(),
                    installation.supervised(),
                    request.strict(),
                    finish,
                    request.limits().time(),
                    request.result().map(file -> file.path()));
            PlannedRun planned = new PlannedRun(
                    PlannedRun.Form.SESSION, installation.session(), store, lease, (lock, limit) -> plan.encode(limit));
            complete = true;
            return planned;
        } catch (IOException e) {
            throw StoreException.of("cannot prepare the run in store " + store.path(), e);
        } finally {
            if (!complete) {
                lease.close();
            }
        }
    }

    /** The process is where the caller is already; where the tree hides that, it goes to what the tree has there. */
    private Optional<String> workdir(RunRequest request, ShimPrefix prefix) {
        Path directory = caller.directory();
        return request.workdir()
                .or(() -> prefix.hides(directory) ? Optional.of(directory.toString()) : Optional.empty());
    }
}
