package dev.velo.runner;

import dev.velo.cas.VeloException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.IdRange;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.cas.store.TenantName;
import dev.velo.cas.store.Tenants;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The way to a tenant's store. For root it belongs to a host id of the tenant's own. An ordinary user has such ids where the host lends
 * him some; elsewhere his tenants' stores are his.
 */
public final class TenantStore {
    private final Tenants tenants;
    private final TenantName name;
    private final Optional<IdRange> wanted;
    private final Map<String, String> environment;

    /**
     * @param store absolute
     * @param wanted ids that tenants must have
     * @param caller whose environment counts
     */
    public TenantStore(Path store, TenantName name, Optional<IdRange> wanted, Caller caller) {
        this.tenants = new Tenants(store, caller.files());
        this.name = name;
        this.wanted = wanted;
        this.environment = caller.environment().texts();
    }

    /** The store of a tenant that exists. */
    public Store open() throws VeloException, LentIdsException {
        if (ordinaryUser()) {
            refuseWithoutIds(false);
        }
        return tenants.open(name);
    }

    public Store openOrCreate() throws VeloException, LentIdsException {
        tenants.makeStore();
        if (ordinaryUser()) {
            refuseWithoutIds(true);
        }
        return tenants.openOrCreate(name, new TenantIdRange(wanted, environment));
    }

    private static boolean ordinaryUser() {
        return FileOps.system().effectiveUid() != 0;
    }

    /** Returns where the tenant's store is, or will be, the caller's own. */
    private void refuseWithoutIds(boolean create) throws VeloException, LentIdsException {
        int caller = FileOps.system().effectiveUid();
        OptionalInt owner = tenants.ownerOf(name);
        boolean own = owner.isPresent() && owner.getAsInt() == caller;
        if (own && wanted.isEmpty() || owner.isEmpty() && !create) {
            return;
        }
        if (own) {
            throw new VeloException(
                    "cannot give tenant " + name + " an id of its own: what it has belongs to uid " + caller,
                    "leave --tenant-ids out, or choose another name");
        }
        try {
            LentIds.Answer answer = new LentIds(new HostIds(Path.of("/etc")), environment)
                    .to(caller, owner.isPresent() ? Optional.empty() : wanted);
            if (answer.isYes()) {
                throw new LentIdsException(answer);
            }
            if (owner.isPresent() || wanted.isPresent()) {
                throw new VeloException(
                        "cannot " + (owner.isPresent() ? "use" : "make") + " tenant " + name
                                + " with an id of its own: " + answer.refusal(),
                        "have root lend you ids (usermod --add-subuids, --add-subgids) and install newuidmap");
            }
        } catch (IOException e) {
            throw StoreException.of("cannot tell which ids are lent to uid " + caller, e);
        }
    }

    /**
     * Why new tenants would have no host id of their own, empty where they would.
     *
     * @param wanted as for the constructor
     */
    public static Optional<String> refusal(Optional<IdRange> wanted, Map<String, String> environment) {
        try {
            if (ordinaryUser()) {
                String refusal = new LentIds(new HostIds(Path.of("/etc")), environment)
                        .to(FileOps.system().effectiveUid(), wanted)
                        .refusal();
                return refusal.isEmpty() ? Optional.empty() : Optional.of(refusal);
            }
            new TenantIdRange(wanted, environment).range();
            return Optional.empty();
        } catch (IOException | VeloException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
