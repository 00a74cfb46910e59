package dev.velo.cas.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.InterposedFileOps;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
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
    void aClaimIsAsYoungAsItsLeaseHoweverOftenTheClockIsSetBack() throws Exception {
        Digest digest = Digest.of(new byte[] {1});
        try (Store store = open();
                Lease lease = store.leases().take(Lease.Kind.INGEST, List.of())) {
            stage(store, lease, digest).commit();
            before = "touch";
            setBacks = 3;
            assertThat(store.blobs().claim(digest, PLAIN, lease)).isTrue();
            assertThat(setBacks).as("the clock was set back during the claim").isZero();
            assertThat(changed(store, digest)).isGreaterThanOrEqualTo(lease.since());
        }
    }

    @Test
    void aNewBlobIsAsYoungAsItsLeaseThoughTheClockIsSetBackWhileItGetsItsName() throws Exception {
        for (String moment : List.of("link", "unlink")) {
            Digest digest = Digest.of(moment.getBytes(StandardCharsets.UTF_8));
            try (Store store = open();
                    Lease lease = store.leases().take(Lease.Kind.INGEST, List.of())) {
                Staging staging = stage(store, lease, digest);
                before = moment;
                setBacks = 1;
                staging.commit();
                assertThat(setBacks)
                        .as("the clock was set back before " + moment)
                        .isZero();
                assertThat(changed(store, digest)).isGreaterThanOrEqualTo(lease.since());
            }
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

    private static Staging stage(Store store, Lease lease, Digest digest) throws IOException {
        Staging staging = new Staging(store, store.blobs(), lease);
        Staging.Draft draft = staging.draft();
        store.files().write(draft.file().number(), ByteBuffer.allocateDirect(1));
        staging.seal(draft, digest, PLAIN, 1);
        return staging;
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
        Optional<FileStatus> gone =
                call.name().equals("unlink") ? system.statusIfPresent(call.number(0), call.name(1)) : Optional.empty();
        Object result = call.proceed();
        if (CHANGES.contains(call.name())) {
            change(system.status(call.number(0), call.name(1)));
        } else if (Set.of("link", "rename", "renameNew").contains(call.name())) {
            change(system.status(call.number(2), call.name(3)));
        }
        gone.ifPresent(this::change);
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
        return new FileStatus(
                real.type(),
                real.permissions(),
                real.links(),
                real.uid(),
                real.gid(),
                real.device(),
                real.inode(),
                real.size(),
                real.blocks(),
                real.modified(),
                new Timestamp(changed.getOrDefault(real.inode(), 1_000_000L), 0),
                real.rawDevice());
    }
}
