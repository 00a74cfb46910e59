package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.IdRange;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.TenantName;
import dev.velo.linkfarm.FarmBudget;
import dev.velo.runner.Caller;
import dev.velo.runner.Installation;
import dev.velo.runner.LentIdsException;
import dev.velo.runner.NativeDisposal;
import dev.velo.runner.StoreLocation;
import dev.velo.runner.TenantStore;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The option by which every command names the store. */
final class StoreOption {
    @Option(
            names = "--store",
            paramLabel = "DIR",
            description =
                    "The store (default: VR_THE_SOURCE, config.yaml, or velo/store in the user's data directory).")
    private Path store;

    @Option(
            names = "--tenant",
            paramLabel = "NAME",
            converter = TenantNameConverter.class,
            description =
                    "Work on this tenant's part of the store, which is made when it is first needed. Nothing of it can be seen from another tenant's.")
    private TenantName tenant;

    @Option(
            names = "--tenant-ids",
            paramLabel = "FIRST:COUNT",
            converter = IdRangeConverter.class,
            description =
                    "Host ids of which a new tenant gets one (default: VELO_TENANT_IDS, what is lent to the account velo, or to you, in /etc/subuid, else Velo's own range).")
    private IdRange tenantIds;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    private final Caller caller;

    StoreOption(Caller caller) {
        this.caller = caller;
    }

    Path path() throws VeloException {
        Path path =
                new StoreLocation(caller.environment().texts(), caller.directory()).resolve(Optional.ofNullable(store));
        caller.process().use(path);
        return path;
    }

    /** Of a tenant's store as of any other. */
    FarmBudget farms() throws VeloException {
        return new StoreLocation(caller.environment().texts(), caller.directory()).farms();
    }

    Optional<TenantName> tenant() {
        return Optional.ofNullable(tenant);
    }

    Optional<IdRange> tenantIds() {
        return Optional.ofNullable(tenantIds);
    }

    /** A store that must exist. */
    Store open() throws VeloException {
        Optional<TenantStore> part = tenantStore();
        try {
            return tidied(part.isPresent() ? part.get().open() : Store.open(path(), caller.files()));
        } catch (LentIdsException e) {
            throw startAgain(e);
        }
    }

    Store openOrCreate() throws VeloException {
        Optional<TenantStore> part = tenantStore();
        try {
            return tidied(part.isPresent() ? part.get().openOrCreate() : Store.openOrCreate(path(), caller.files()));
        } catch (LentIdsException e) {
            throw startAgain(e);
        }
    }

    private Optional<TenantStore> tenantStore() throws VeloException {
        if (tenant == null && tenantIds != null) {
            throw new ParameterException(spec.commandLine(), "--tenant-ids goes with --tenant");
        }
        if (tenant == null) {
            return Optional.empty();
        }
        return Optional.of(new TenantStore(path(), tenant, tenantIds(), caller));
    }

    private IllegalStateException startAgain(LentIdsException needed) throws VeloException {
        caller.process().startAgain(needed.loan(Velo.failureOf(spec.name())));
        return new IllegalStateException("velo was not started again");
    }

    /** Opening has cleaned up after processes that died, but for what would have taken long. */
    private static Store tidied(Store store) {
        new NativeDisposal(Installation.ofThisProcess()).later(store);
        return store;
    }
}
