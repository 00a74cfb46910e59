package dev.velo.cas.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.ChangeTime;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.InterposedFileOps;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Clocks that are set back at the worst moments, and writers that die then. */
class BackwardClockTest {
    private static final BlobStore.Form PLAIN = BlobStore.Form.PLAIN;
    private static final Set<String> CHANGES = Set.of("touch", "makeDirectory");

    @TempDir
    Path temp;

    private final Map<Long, Long> changed = new HashMap<>();
    private long now = 1_000_000;
    /** How often the clock is yet to be set back, each time just before a change that begins with these letters. */
    private int setBacks;

    private String before = "";
    private String deadly = "";

    @Test
    void aLeaseCoversWhatItClaimsHoweverOftenTheClockIsSetBack() throws Exception {
        try (Store store = open();
                Lease lease = store.leases().take(Lease.Kind.INGEST, List.of())) {
            Digest first = staged(store, lease, 1);
            Digest second = staged(store, lease, 2);
            setBack("touch", 3);
            assertThat(store.blobs().claim(first, PLAIN, lease)).isTrue();
            assertThat(store.blobs().claim(second, PLAIN, lease)).isTrue();
            assertThat(store.blobs().claim(first, PLAIN, lease)).isTrue();
            assertThat(setBacks).as("the clock was set back during the claims").isZero();
            assertThat(changed(store, first)).isGreaterThanOrEqualTo(beginning(store));
            assertThat(changed(store, second)).isGreaterThanOrEqualTo(beginning(store));
        }
    }

    @Test
    void aLeaseCoversANewBlobThoughTheClockIsSetBackWhileItGetsItsName() throws Exception {
        try (Store store = open();
                Lease lease = store.leases().take(Lease.Kind.INGEST, List.of())) {
            setBack("renameNew", 2);
            Digest digest = staged(store, lease, 1);
            assertThat(setBacks).as("the clock was set back").isZero();
            assertThat(changed(store, digest)).isGreaterThanOrEqualTo(beginning(store));
        }
    }

    @Test
    void aLeaseThatKeepsEverythingDoesSoForGood() throws Exception {
        try (Store store = open();
                Lease lease = store.leases().take(Lease.Kind.INGEST, List.of())) {
            Digest first = staged(store, lease, 1);
            Digest second = staged(store, lease, 2);
            assertThat(store.blobs().claim(first, PLAIN, lease)).isTrue();
            setBack("touch", 1);
            assertThat(store.blobs().claim(second, PLAIN, lease)).isTrue();
            now += 1_000_000;
            assertThat(store.blobs().claim(second, PLAIN, lease)).isTrue();
            assertThat(changed(store, first)).isGreaterThanOrEqualTo(beginning(store));
        }
    }

    /** The mark of one writer is all that another one has, too. */
    @Test
    void aMarkThatTheClockPutsBackCountsForEveryLease() throws Exception {
        try (Store store = open();
                Lease counting = store.leases().take(Lease.Kind.INGEST, List.of())) {
            Digest digest = staged(store, counting, 1);
            assertThat(store.blobs().claim(digest, PLAIN, counting)).isTrue();
            now -= 5_000;
            try (Lease other = store.leases().take(Lease.Kind.INGEST, List.of())) {
                assertThat(store.blobs().claim(digest, PLAIN, other)).isTrue();
            }
            assertThat(changed(store, digest)).isGreaterThanOrEqualTo(beginning(store));
        }
    }

    @Test
    void collectorsHearOfARegistrationWhoseWriterDiedRightAfterIt() throws Exception {
        byte[] bytes = {1};
        Digest digest = Digest.of(bytes);
        try (Store store = open()) {
            Timestamp heard = store.gate().shared(store.gate()::announced);
            deadly = "unlink";
            assertThatThrownBy(() -> store.roots().register(temp.resolve("m.velo"), digest, bytes))
                    .hasMessageContaining("dies");
            assertThat(store.roots().of(temp.resolve("m.velo"))).isPresent();
            assertThat(store.gate().shared(store.gate()::announced)).isNotEqualTo(heard);
        }
    }

    private Store open() throws Exception {
        return OpenStores.openOrCreate(temp.resolve("s"), InterposedFileOps.of(FileOps.system(), this::call));
    }

    private void setBack(String call, int times) {
        before = call;
        setBacks = times;
    }

    private static Digest staged(Store store, Lease lease, int content) throws IOException {
        Digest digest = Digest.of(new byte[] {(byte) content});
        Staging staging = new Staging(store, store.blobs(), lease);
        Staging.Draft draft = staging.draft();
        store.files().write(draft.file().number(), ByteBuffer.allocateDirect(1));
        staging.seal(draft, digest, PLAIN, 1);
        staging.commit();
        return digest;
    }

    /** As a collector sees it. */
    private static Timestamp beginning(Store store) throws IOException {
        return store.gate().shared(() -> store.leases().held().get(0).since());
    }

    private static Timestamp changed(Store store, Digest digest) throws IOException {
        return store.blobs().status(digest, PLAIN).orElseThrow().changed();
    }

    /** Every inode's change time is ours; the clock ticks with each call. */
    private synchronized Object call(InterposedFileOps.Call call) throws Throwable {
        now++;
        if (call.name().equals(deadly)) {
            throw new IOException("dies");
        }
        if (setBacks > 0 && call.name().equals(before)) {
            setBacks--;
            now -= 1_000;
        }
        FileOps system = call.next();
        Object result = call.proceed();
        if (call.name().equals("setModified")) {
            change(system.status(call.number(0)));
        } else if (CHANGES.contains(call.name())) {
            change(system.status(call.number(0), call.name(1)));
        } else if (Set.of("rename", "renameNew").contains(call.name())) {
            change(system.status(call.number(2), call.name(3)));
        }
        if (result instanceof FileStatus status) {
            return told(status);
        }
        return result instanceof Optional<?> found && found.orElse(null) instanceof FileStatus status
                ? Optional.of(told(status))
                : result;
    }

    private void change(FileStatus status) {
        changed.put(status.inode(), now);
    }

    private FileStatus told(FileStatus real) {
        return ChangeTime.of(real, new Timestamp(changed.getOrDefault(real.inode(), 1_000_000L), 0));
    }
}
