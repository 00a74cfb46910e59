package dev.velo.cas.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.posix.FileOps;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TenantsTest {
    private static final Tenants.IdSource IDS = () -> new IdRange(2_000_000_000, 1000);
    private static final TenantName A = new TenantName("a");

    @TempDir
    Path temp;

    private Path path;
    private Tenants tenants;

    @BeforeEach
    void make() throws Exception {
        path = temp.toRealPath().resolve("store");
        tenants = new Tenants(path);
        tenants.makeStore();
    }

    private void make(String name) throws Exception {
        tenants.openOrCreate(new TenantName(name), IDS).close();
    }

    @Test
    void aTenantsStoreIsAStoreOfItsOwn() throws Exception {
        assertThatThrownBy(() -> tenants.open(A)).hasMessageContaining("there is none of that name");
        make("a");
        try (Store store = tenants.open(A)) {
            assertThat(store.path()).isEqualTo(path.resolve("tenants/a"));
            assertThat(store.outermost()).isEqualTo(path);
        }
        try (Store outer = Store.open(path)) {
            assertThat(outer.outermost()).isEqualTo(path);
        }
        assertThatThrownBy(() -> tenants.open(new TenantName("b"))).hasMessageContaining("there is none of that name");
    }

    @Test
    void aDirectoryThatIsOnlyCalledTenantsIsNoPartOfAStore() throws Exception {
        Path other = Files.createDirectories(temp.toRealPath().resolve("tenants/a"));
        Store.openOrCreate(other).close();
        try (Store store = Store.open(other)) {
            assertThat(store.outermost()).isEqualTo(other);
        }
    }

    @Test
    void aTenantHasNoTenants() throws Exception {
        make("a");
        assertThatThrownBy(() -> new Tenants(path.resolve("tenants/a")).openOrCreate(A, IDS))
                .hasMessageContaining("a tenant has no tenants");
    }

    @Test
    void aLinkInADirectorysPlaceIsRefused() throws Exception {
        make("a");
        Files.createSymbolicLink(path.resolve("tenants/b"), path.resolve("tenants/a"));
        for (Attempt attempt : new Attempt[] {name -> tenants.open(name), name -> tenants.openOrCreate(name, IDS)}) {
            assertThatThrownBy(() -> attempt.on(new TenantName("b"))).hasMessageContaining("symbolic link");
        }
        Files.move(path.resolve("tenants"), path.resolve("moved"));
        Files.createSymbolicLink(path.resolve("tenants"), path.resolve("moved"));
        assertThatThrownBy(() -> tenants.open(A)).isInstanceOf(StoreException.class);
        assertThatThrownBy(() -> tenants.openOrCreate(A, IDS)).isInstanceOf(StoreException.class);
    }

    private interface Attempt {
        Store on(TenantName name) throws Exception;
    }

    @Test
    void onlyAStoreHasTenants() throws Exception {
        Path empty = Files.createDirectory(temp.resolve("empty"));
        assertThatThrownBy(() -> new Tenants(empty).openOrCreate(A, IDS)).hasMessageContaining("it is no store");
        assertThat(empty).isEmptyDirectory();
    }

    @Test
    void whatOneWhoWasKilledHadMadeIsTakenUp() throws Exception {
        make("b");
        Files.createDirectory(path.resolve("tenants/a"));
        make("a");
        tenants.open(A).close();
        if (FileOps.system().effectiveUid() == 0) {
            // Killed between the list and the directory.
            int id = owner("a");
            Files.move(path.resolve("tenants/a"), temp.resolve("gone"));
            make("a");
            assertThat(owner("a")).isEqualTo(id);
            assertThat(owner("b")).isNotEqualTo(id);
        }
    }

    private int owner(String name) throws Exception {
        return (Integer) Files.getAttribute(path.resolve("tenants").resolve(name), "unix:uid");
    }
}
