package dev.velo.runner;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.IdRange;
import dev.velo.cas.store.Tenants;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The host ids from which root gives each new tenant one: option, VELO_TENANT_IDS, what is lent to the account velo, a range of Velo's own. */
public final class TenantIdRange implements Tenants.IdSource {
    static final String VARIABLE = "VELO_TENANT_IDS";

    /**
     * Above what directories of accounts use by their defaults (SSSD's and FreeIPA's end at 2000200000) and below systemd's range for foreign
     * images (0x7ffe0000): systemd's UIDS-GIDS page has nobody there.
     */
    static final IdRange DEFAULT = new IdRange(0x78000000, 0x7ffe0000 - 0x78000000);

    /** Accounts, services and "nobody" are below. */
    private static final int LEAST = 65_536;

    private static final String REMEDY = "name a range that nobody has with --tenant-ids FIRST:COUNT";

    private final Optional<IdRange> option;
    private final Map<String, String> environment;
    private final HostIds host;
    private final Path proc;

    public TenantIdRange(Optional<IdRange> option, Map<String, String> environment) {
        this(option, environment, new HostIds(Path.of("/etc")), Path.of("/proc/self"));
    }

    TenantIdRange(Optional<IdRange> option, Map<String, String> environment, HostIds host, Path proc) {
        this.option = option;
        this.environment = environment;
        this.host = host;
        this.proc = proc;
    }

    /** Nobody else's on this host, as far as its files tell. */
    @Override
    public IdRange range() throws VeloException {
        try {
            IdRange range = chosen();
            IdMap users = IdMap.of(proc.resolve("uid_map"));
            IdMap groups = IdMap.of(proc.resolve("gid_map"));
            if (users.isWhole() && groups.isWhole()) {
                refuseForeign(range);
            } else if (!users.has(range) || !groups.has(range)) {
                throw new VeloException(
                        "cannot give a tenant an id of " + range + ": this user namespace does not have them", REMEDY);
            }
            return range;
        } catch (IOException e) {
            throw new VeloException(
                    "cannot tell which ids are free for tenants: " + e.getMessage(),
                    "run velo where /etc and /proc are",
                    e);
        }
    }

    private IdRange chosen() throws IOException, VeloException {
        if (option.isPresent()) {
            return option.get();
        }
        String variable = environment.getOrDefault(VARIABLE, "");
        if (!variable.isEmpty()) {
            try {
                return IdRange.parse(variable);
            } catch (IllegalArgumentException e) {
                throw new VeloException("cannot use " + VARIABLE + ": " + e.getMessage(), "write FIRST:COUNT", e);
            }
        }
        return host.lentTo(Set.of(HostIds.ACCOUNT)).orElse(DEFAULT);
    }

    /** In a user namespace whoever made it has seen to that. */
    private void refuseForeign(IdRange range) throws IOException, VeloException {
        Optional<String> holder = range.first() < LEAST
                ? Optional.of("ids below " + LEAST + " are for accounts and services")
                : host.holder(range);
        if (holder.isPresent()) {
            throw new VeloException("cannot give a tenant an id of " + range + ": " + holder.get(), REMEDY);
        }
    }
}
