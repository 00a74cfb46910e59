package dev.velo.runner;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.store.Store;
import dev.velo.cas.verify.Finding;
import dev.velo.linkfarm.FarmAudit;
import dev.velo.linkfarm.FarmBudget;
import dev.velo.linkfarm.FarmPool;
import dev.velo.linkfarm.Placement;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Work on the farms of a store that no run waits for. Each opens the store for itself: the run closes its own when it likes. */
public final class FarmUpkeep {
    private final Path store;
    private final Installation installation;

    public FarmUpkeep(Path store, Installation installation) {
        this.store = store;
        this.installation = installation;
    }

    /**
     * Brings the farms back to their budget, on a thread of its own that ends with this process at the latest: where that becomes the launcher
     * meanwhile, the next build does the rest. It starts no other process, which would be a child that the launcher knows nothing of: what goes
     * is deleted by the next command.
     */
    void trimBeside(FarmBudget budget) {
        Thread thread = new Thread(() -> trim(budget), "velo-trim");
        thread.setDaemon(true);
        thread.start();
    }

    private void trim(FarmBudget budget) {
        try (Store opened = Store.open(store)) {
            new FarmPool(opened).trim(budget);
        } catch (VeloException e) {
            // The next build tries again, and velo gc says what stands in its way.
            return;
        }
    }

    /**
     * Audits the farm of a manifest quickly, and takes it out of use where it is wrong and nobody uses it. For a process that stays, once for each
     * farm that it plans runs on, when it has answered.
     *
     * @param placement the one that the run took
     * @return what was wrong
     */
    public List<Finding> audit(Manifest manifest, Placement placement) throws VeloException {
        try (Store opened = Store.open(store)) {
            List<Finding> findings =
                    new FarmAudit(opened).one(manifest, Optional.of(placement), FarmAudit.Depth.QUICK, true);
            new NativeDisposal(installation).later(opened);
            return findings;
        }
    }
}
