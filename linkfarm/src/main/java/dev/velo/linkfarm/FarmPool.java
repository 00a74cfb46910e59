package dev.velo.linkfarm;

import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.cas.store.Sweep;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * The farms that are kept ready, and their budget: farms that nobody uses go where there are too many, those first that were not used for longest.
 * Each goes in one step, inside the collector's gate, so nobody ever sees a part of one; a crash at any point leaves farms whole, or in the trash.
 * Runs, builds, collections and other pools may be at work at the same time.
 */
public final class FarmPool {
    /**
     * Farms that went, or would go.
     *
     * @param names of their directories
     * @param bytes that they took for themselves
     */
    public record Evicted(List<String> names, long bytes) {
        public Evicted {
            names = List.copyOf(names);
        }
    }

    private final Store store;
    private final FarmUse use;

    public FarmPool(Store store) {
        this(store, new FarmUse(store));
    }

    FarmPool(Store store, FarmUse use) {
        this.store = store;
        this.use = use;
    }

    /** What all farms take for themselves. */
    public static long bytes(List<FarmStatus> farms) {
        return farms.stream().mapToLong(FarmStatus::bytes).sum();
    }

    /** Brings the farms back to their budget, as far as they are not in use. */
    public Evicted trim(FarmBudget budget) throws StoreException {
        return trim(budget, Set.of(), true);
    }

    /**
     * Finds what is to go, and takes it away where asked to. The farm that was used last stays, however large it is: else each run of one that
     * does not fit would build it again.
     *
     * @param gone names of farms that are as good as gone
     */
    public Evicted trim(FarmBudget budget, Set<String> gone, boolean remove) throws StoreException {
        List<FarmStatus> farms = new ArrayList<>(new Farms(store).list());
        // Not ours to remove, but for those with a name that Velo gives.
        farms.removeIf(farm -> farm.manifest().isEmpty() || gone.contains(farm.name()));
        // What an earlier start of the machine has left is of no use to anybody.
        farms.sort(Comparator.comparing(FarmStatus::current).thenComparing(FarmStatus::used));
        long count = farms.size();
        long bytes = bytes(farms);
        List<String> evicted = new ArrayList<>();
        long freed = 0;
        try {
            for (FarmStatus farm : farms.subList(0, Math.max(0, farms.size() - 1))) {
                if (count <= budget.count() && bytes <= budget.bytes()) {
                    break;
                }
                if (evict(farm, remove)) {
                    count--;
                    bytes -= farm.bytes();
                    freed += farm.bytes();
                    evicted.add(farm.name());
                }
            }
        } catch (IOException e) {
            throw StoreException.of("cannot remove farms of store " + store.path(), e);
        }
        return new Evicted(evicted, freed);
    }

    private boolean evict(FarmStatus farm, boolean remove) throws IOException {
        Timestamp seen = farm.used();
        // Used since it was looked at, or another one of that name: then it is not the one that was chosen.
        return new Sweep(store)
                .idleFarm(
                        farm.name(),
                        farm.manifest().orElseThrow(),
                        () -> use.last(farm.name()).equals(seen),
                        remove);
    }
}
