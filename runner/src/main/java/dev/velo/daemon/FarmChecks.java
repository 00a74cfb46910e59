package dev.velo.daemon;

import dev.velo.cas.VeloException;
import dev.velo.cas.verify.Finding;
import dev.velo.runner.FarmUpkeep;
import dev.velo.runner.PlannedRun;
import dev.velo.runner.UsedFarm;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Audits each farm quickly that was there before the first run on it came, when that is on its way: a farm that this process has seen whole stays so, since
 * nobody but Velo writes to a store. Safe for use by many threads, which audit in turn.
 */
final class FarmChecks {
    private final FarmUpkeep upkeep;
    private final Consumer<String> log;
    private final Set<String> whole = ConcurrentHashMap.newKeySet();
    private final ReentrantLock turn = new ReentrantLock();

    FarmChecks(FarmUpkeep upkeep, Consumer<String> log) {
        this.upkeep = upkeep;
        this.log = log;
    }

    /**
     * One that is not whole is taken out of use where no run uses it.
     *
     * @return false where one is not whole: the next run on it has to come here again
     */
    boolean areWhole(PlannedRun run) {
        boolean all = true;
        for (UsedFarm farm : run.found()) {
            if (!whole.contains(farm.tree())) {
                turn.lock();
                try {
                    all &= isWhole(farm);
                } finally {
                    turn.unlock();
                }
            }
        }
        return all;
    }

    private boolean isWhole(UsedFarm farm) {
        if (whole.contains(farm.tree())) {
            return true;
        }
        try {
            List<Finding> findings = upkeep.audit(farm.manifest(), farm.placement());
            if (findings.isEmpty()) {
                whole.add(farm.tree());
                return true;
            }
            for (Finding finding : findings) {
                log.accept("farm " + farm.tree() + " is not whole: " + finding);
            }
        } catch (VeloException e) {
            log.accept("farm " + farm.tree() + " is not audited: " + e.getMessage());
        }
        return false;
    }
}
