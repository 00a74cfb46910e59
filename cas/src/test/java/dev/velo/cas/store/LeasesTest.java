package dev.velo.cas.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.FileOps;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LeasesTest {
    @TempDir
    Path temp;

    @Test
    void aLeaseIsHeldUntilItIsClosedAndLeavesNothing() throws Exception {
        Digest digest = Digest.of(new byte[] {1});
        try (Store store = Store.openOrCreate(temp.resolve("s"))) {
            try (Lease lease = store.leases().take(Lease.Kind.RUN, List.of(digest))) {
                List<Leases.Held> held = store.leases().held();
                assertThat(held).hasSize(1);
                assertThat(held.get(0).manifests()).containsExactly(digest);
                assertThat(held.get(0).isIngest()).isFalse();
                assertThat(lease.path()).isDirectory();
                Files.writeString(lease.path().resolve("scratch"), "x");
            }
            assertThat(store.leases().held()).isEmpty();
        }
        assertThat(temp.resolve("s/leases")).isEmptyDirectory();
        assertThat(temp.resolve("s/trash")).isEmptyDirectory();
    }

    @Test
    void whatIsLeftStaysUntilNobodyHoldsIt() throws Exception {
        Path path = temp.resolve("s");
        try (Store store = Store.openOrCreate(path)) {
            Lease lease = store.leases().take(Lease.Kind.RUN, List.of());
            lease.leave();
            assertThat(lease.path()).isDirectory();
            // Nobody has it any more, so the next start takes it away.
            Store.open(path).close();
            assertThat(lease.path()).doesNotExist();
        }
    }

    @Test
    void whatADeadHolderLeftGoesAtTheNextStartAndALiveOneStays() throws Exception {
        Path path = temp.resolve("s");
        try (Store store = Store.openOrCreate(path);
                Lease live = store.leases().take(Lease.Kind.RUN, List.of())) {
            Lease dead = store.leases().take(Lease.Kind.RUN, List.of());
            Path work = Files.createDirectories(dead.path().resolve("work/work"));
            Files.writeString(dead.path().resolve("upper"), "x");
            // What the kernel does for a process that dies: the lock goes, the files stay.
            FileOps.system().unlock(dead.lock());
            FileOps.system().changeMode(FileOps.CWD, work.toString().getBytes(), 0);
            Store.open(path).close();
            assertThat(dead.path()).doesNotExist();
            assertThat(live.path()).isDirectory();
            assertThat(path.resolve("trash")).isEmptyDirectory();
            assertThat(store.leases().count()).isEqualTo(1);
        }
    }
}
