package dev.velo.cas.store;

import dev.velo.cas.VeloException;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The tenants of a store. Each has a store of its own in the directory {@code tenants}: whatever works on that store can neither reach
 * nor count anything of another. Where root works, it belongs to a host id that no other tenant has (docs/adr/0012-tenants.md).
 */
public final class Tenants {
    /** Where new tenants' ids come from; asked only when one is needed. */
    public interface IdSource {
        IdRange range() throws VeloException;
    }

    private static final String REMEDY_OTHER = "name a store of your own with --store or VR_THE_SOURCE";

    private final Path store;
    private final FileOps system;

    public Tenants(Path store) {
        this(store, FileOps.system());
    }

    /** @param system what makes files for whoever works with the store */
    public Tenants(Path store, FileOps system) {
        if (!store.isAbsolute()) {
            throw new IllegalArgumentException("'" + store + "' is not absolute");
        }
        this.store = store;
        this.system = system;
    }

    /** The store of which a path is a tenant's, else the path itself. */
    static Path outermost(Path realStore) {
        Path tenants = realStore.getParent();
        boolean tenant = tenants != null
                && tenants.getParent() != null
                && tenants.endsWith(text(StoreLayout.TENANTS))
                && Files.exists(tenants.resolveSibling(text(StoreLayout.MARKER)), LinkOption.NOFOLLOW_LINKS);
        return tenant ? tenants.getParent() : realStore;
    }

    /** Where a tenant's store is, whether it exists or not. */
    public Path path(TenantName name) {
        return store.resolve(text(StoreLayout.TENANTS)).resolve(name.text());
    }

    /** Makes the store around the tenants where there is none yet. */
    public void makeStore() throws StoreException {
        if (!Files.exists(store.resolve(text(StoreLayout.MARKER)), LinkOption.NOFOLLOW_LINKS)) {
            new StoreOpening(store, system).openOrCreate().close();
        }
    }

    /** The owner of a tenant's directory where there is more than a name: something is in it. */
    public OptionalInt ownerOf(TenantName name) throws StoreException {
        try (Descriptor outer = openStore();
                Descriptor tenants = openTenants(outer)) {
            if (tenants == null) {
                return OptionalInt.empty();
            }
            Optional<FileStatus> status = directory(tenants, name);
            return status.isPresent() && !isEmpty(tenants, name, status.get())
                    ? OptionalInt.of(status.get().uid())
                    : OptionalInt.empty();
        } catch (IOException e) {
            throw StoreException.of(attempt(name), e);
        }
    }

    /** The store of a tenant that exists. */
    public Store open(TenantName name) throws StoreException {
        try (Descriptor outer = openStore();
                Descriptor tenants = openTenants(outer)) {
            if (tenants == null || isFresh(tenants, name)) {
                throw new StoreException(
                        attempt(name) + ": there is none of that name",
                        "ingest a tree with --tenant " + name + " first");
            }
            if (system.effectiveUid() == 0) {
                checkOwner(
                        name,
                        directory(tenants, name).orElseThrow(),
                        ids(tenants).of(name));
            }
        } catch (IOException e) {
            throw StoreException.of(attempt(name), e);
        }
        return owned(name, Store.open(path(name), system));
    }

    /** The store of a tenant, made where there is none yet; the store around it must exist. */
    public Store openOrCreate(TenantName name, IdSource source) throws VeloException {
        try (Descriptor outer = openStore()) {
            makeTenants(outer);
            try (Descriptor tenants = openTenants(outer);
                    Descriptor lock = system.openOrCreate(tenants.number(), StoreLayout.TENANT_LOCK, 0600)) {
                system.lock(lock.number(), true);
                prepare(tenants, name, source);
            }
        } catch (IOException e) {
            throw StoreException.of(attempt(name), e);
        }
        return owned(name, Store.openOrCreate(path(name), system));
    }

    private String attempt(TenantName name) {
        return "cannot open tenant " + name + " of store " + store;
    }

    private Descriptor openStore() throws IOException, StoreException {
        if (!outermost(store.toRealPath()).equals(store.toRealPath())) {
            throw new StoreException(
                    "cannot use store " + store + ": it is a tenant's, and a tenant has no tenants",
                    "name the store around it with --store or VR_THE_SOURCE");
        }
        Descriptor outer = system.openDirectoryFollowing(store.toString().getBytes(StandardCharsets.UTF_8));
        try {
            if (system.statusIfPresent(outer.number(), StoreLayout.MARKER).isEmpty()) {
                throw new StoreException(
                        "cannot open store " + store + ": it has no file velo-store, so it is no store",
                        "ingest a tree first, or name the store with --store or VR_THE_SOURCE");
            }
            int uid = system.status(outer.number()).uid();
            if (system.effectiveUid() != 0 && uid != system.effectiveUid()) {
                throw new StoreException(
                        "cannot use store " + store + ": it belongs to uid " + uid + ", not to you (uid "
                                + system.effectiveUid() + ")",
                        REMEDY_OTHER);
            }
            return outer;
        } catch (IOException | StoreException e) {
            outer.close();
            throw e;
        }
    }

    /** Null where there is none. It belongs to whoever runs this: no tenant's id can see what is in it, or put something else there. */
    private Descriptor openTenants(Descriptor outer) throws IOException, StoreException {
        Descriptor tenants;
        try {
            tenants = system.openDirectory(outer.number(), StoreLayout.TENANTS);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return null;
            }
            throw e;
        }
        try {
            FileStatus status = system.status(tenants.number());
            if (status.uid() != system.effectiveUid()) {
                throw new StoreException(
                        "cannot use the tenants of store " + store + ": their directory belongs to uid " + status.uid()
                                + ", not to you (uid " + system.effectiveUid() + ")",
                        "run velo as that user, or " + REMEDY_OTHER);
            }
            return tenants;
        } catch (IOException | StoreException e) {
            tenants.close();
            throw e;
        }
    }

    private void makeTenants(Descriptor outer) throws IOException {
        try {
            system.makeDirectory(outer.number(), StoreLayout.TENANTS, StoreLayout.PRIVATE);
            system.sync(outer.number());
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
    }

    /** Every step may be the last of one who is killed, and is done again by the next. */
    private void prepare(Descriptor tenants, TenantName name, IdSource source) throws IOException, VeloException {
        Optional<FileStatus> status = directory(tenants, name);
        if (system.effectiveUid() != 0) {
            if (status.isEmpty()) {
                system.makeDirectory(tenants.number(), bytes(name), StoreLayout.PRIVATE);
            }
            return;
        }
        TenantIds ids = ids(tenants);
        if (!isFresh(tenants, name)) {
            checkOwner(name, status.orElseThrow(), ids.of(name));
            return;
        }
        // Given before there is anything to own: two tenants never have one id, whoever dies here.
        int id = ids.of(name).isPresent() ? ids.of(name).getAsInt() : allot(ids, name, source.range());
        if (status.isEmpty()) {
            system.makeDirectory(tenants.number(), bytes(name), StoreLayout.PRIVATE);
        }
        system.changeOwner(tenants.number(), bytes(name), id, id);
        system.sync(tenants.number());
    }

    /** Nothing there yet, or what one who was killed had made before it was given to its owner. */
    private boolean isFresh(Descriptor tenants, TenantName name) throws IOException, StoreException {
        Optional<FileStatus> status = directory(tenants, name);
        return status.isEmpty()
                || system.effectiveUid() == 0 && status.get().uid() == 0 && isEmpty(tenants, name, status.get());
    }

    private int allot(TenantIds ids, TenantName name, IdRange range) throws IOException, StoreException {
        OptionalInt id = ids.allot(name, range);
        return id.orElseThrow(() -> new StoreException(
                "cannot make tenant " + name + " of store " + store + ": all ids from " + range + " are taken",
                "name more with --tenant-ids"));
    }

    private void checkOwner(TenantName name, FileStatus status, OptionalInt id) throws StoreException {
        if (id.isEmpty() || status.uid() != id.getAsInt() || status.gid() != id.getAsInt()) {
            throw new StoreException(
                    "cannot use tenant " + name + " of store " + store + ": it belongs to uid " + status.uid()
                            + (id.isPresent()
                                    ? ", and the list tenants/tenant.ids says " + id.getAsInt()
                                    : ", and the list tenants/tenant.ids does not name it"),
                    "restore the list or the owner; tenants of one id are not kept apart");
        }
    }

    /** What was checked by its name is what was opened: seen by its owner, whom nobody else can imitate. */
    private Store owned(TenantName name, Store opened) throws StoreException {
        try {
            if (system.effectiveUid() == 0) {
                try (Descriptor outer = openStore();
                        Descriptor tenants = openTenants(outer)) {
                    if (tenants == null) {
                        throw new StoreException(attempt(name) + ": it is gone", "run it again");
                    }
                    checkOwner(name, system.status(opened.root()), ids(tenants).of(name));
                }
            }
            return opened;
        } catch (IOException e) {
            opened.close();
            throw StoreException.of(attempt(name), e);
        } catch (StoreException e) {
            opened.close();
            throw e;
        }
    }

    private TenantIds ids(Descriptor tenants) throws IOException {
        return TenantIds.read(system, tenants.number());
    }

    private Optional<FileStatus> directory(Descriptor tenants, TenantName name) throws IOException, StoreException {
        Optional<FileStatus> status = system.statusIfPresent(tenants.number(), bytes(name));
        if (status.isPresent() && !status.get().isDirectory()) {
            throw new StoreException(
                    attempt(name) + ": there is a " + status.get().type().words() + " where its directory belongs",
                    "put the directory itself there, or choose another name");
        }
        return status;
    }

    private boolean isEmpty(Descriptor tenants, TenantName name, FileStatus status) throws IOException {
        if (system.effectiveUid() != 0 && status.uid() != system.effectiveUid()) {
            // Another id's: whoever gave it away had made it.
            return false;
        }
        try (Descriptor directory = system.openDirectory(tenants.number(), bytes(name))) {
            return system.list(directory.number()).isEmpty();
        }
    }

    private static byte[] bytes(TenantName name) {
        return StoreLayout.name(name.text());
    }

    private static String text(byte[] name) {
        return new String(name, StandardCharsets.UTF_8);
    }
}
