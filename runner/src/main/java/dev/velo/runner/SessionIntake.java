package dev.velo.runner;

import dev.velo.cas.VeloException;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.ForwardingFileOps;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;
import dev.velo.shim.SessionDigests;
import dev.velo.shim.ShimSession;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Takes the files of a session while its program runs: what each is, and where contents are wanted a copy of it into the store
 * (docs/adr/0024-contents-of-a-running-session.md). Nothing depends on it. For use by one thread, but for {@link #end}.
 */
public final class SessionIntake implements AutoCloseable {
    /** What became of a file. */
    public enum Outcome {
        /** It is known, or not to be had before the end. */
        DONE,
        /** It was changed a moment ago. */
        LATER
    }

    /**
     * statfs(2): ext2 to ext4, XFS, Btrfs, F2FS, bcachefs. There a mapping that can be written through counts as one who has the file open, and its
     * first write moves the change time; on OverlayFS it is of another inode, and on tmpfs a page that was read through it first is written to
     * without the kernel's knowing.
     */
    private static final Set<Long> TRUSTED = Set.of(0xef53L, 0x58465342L, 0x9123683eL, 0xf2f52010L, 0xca451a4eL);

    /** Ten times as long as the longest tick of a file system's clock. */
    private static final long SETTLED_MS = 100;

    /** A commit has the kernel write back the whole file system. */
    private static final long COMMIT_NANOS = 2_000_000_000L;

    private static final long COMMIT_BYTES = 256L << 20;

    /** Copies leave this part of the file system to the program. */
    private static final int SPARED = 10;

    private static final class Batch {
        private final Lease lease;
        private final Staging staging;
        private final long since;
        private long bytes;

        Batch(Lease lease, Staging staging, long since) {
            this.lease = lease;
            this.staging = staging;
            this.since = since;
        }
    }

    private final Store store;
    private final Descriptor session;
    private final SessionDigests.Writer digests;
    private final boolean contents;
    private final FileStore space;
    private final FileOps reading;
    private final ContentCopy hash;
    private volatile boolean over;
    private Batch batch;

    private SessionIntake(
            Store store, Descriptor session, SessionDigests.Writer digests, boolean contents, FileStore space) {
        this.store = store;
        this.session = session;
        this.digests = digests;
        this.contents = contents;
        this.space = space;
        this.reading = new ForwardingFileOps(store.files()) {
            @Override
            public int readAt(int fd, ByteBuffer into, long offset) throws IOException {
                if (over) {
                    throw new InterruptedIOException("the program has ended");
                }
                return super.readAt(fd, into, offset);
            }
        };
        this.hash = new ContentCopy(reading);
    }

    /**
     * Of a run that has been handed over.
     *
     * @throws IOException where its file system cannot be trusted with this, or the run has ended
     */
    public static SessionIntake begin(PlannedRun run) throws IOException, VeloException {
        Path path = run.store().path();
        Store store = Store.open(path);
        Descriptor session = null;
        try {
            if (!TRUSTED.contains(store.files().fileSystemType(store.root()))) {
                throw new IOException("its file system does not tell who writes to a file");
            }
            byte[] name = path.relativize(run.directory()).toString().getBytes(StandardCharsets.UTF_8);
            session = store.files().openDirectory(store.root(), name);
            SessionDigests.Writer digests = new SessionDigests.Writer(store.files(), session.number());
            return new SessionIntake(
                    store, session, digests, run.capture() == PlannedRun.Capture.CONTENTS, Files.getFileStore(path));
        } catch (IOException e) {
            if (session != null) {
                session.close();
            }
            store.close();
            throw e;
        }
    }

    /** The nodes that have a file now. */
    public List<Integer> nodes() throws IOException {
        List<Integer> nodes = new ArrayList<>();
        try (Descriptor directory =
                store.files().openDirectory(session.number(), ShimSession.FILES.getBytes(StandardCharsets.US_ASCII))) {
            for (DirectoryEntry entry : store.files().list(directory.number())) {
                OptionalInt node = ShimSession.node(new String(entry.name(), StandardCharsets.ISO_8859_1));
                node.ifPresent(nodes::add);
            }
        }
        return nodes;
    }

    /** No program of the session is left: what is being read is not read to its end. */
    public void end() {
        over = true;
    }

    public boolean isOver() {
        return over;
    }

    public Outcome take(int node) throws IOException, VeloException {
        byte[] name = ShimSession.file(node).getBytes(StandardCharsets.US_ASCII);
        try (Descriptor file = store.files().openReadUnseen(session.number(), name)) {
            FileStatus before = store.files().status(file.number());
            if (!before.isRegular()) {
                return Outcome.DONE;
            }
            if (!isSettled(before)) {
                return Outcome.LATER;
            }
            // Whoever has it open will close it, which is told.
            if (store.files().mayBeWritten(file.number())) {
                return Outcome.DONE;
            }
            return read(node, file, before);
        } catch (ErrnoException e) {
            // It is gone, or its mode keeps its owner out.
            if (e.is(Errno.ENOENT) || e.is(Errno.EACCES) || e.is(Errno.ELOOP)) {
                return Outcome.DONE;
            }
            throw e;
        }
    }

    private Outcome read(int node, Descriptor file, FileStatus before) throws IOException, VeloException {
        ContentCopy.Copied copied;
        if (contents && hasRoom(before)) {
            copied = new StoredContents(reading, staging(before)).copied(file, before);
        } else {
            copied = hash.hash(file.number());
        }
        FileStatus after = store.files().status(file.number());
        boolean same = copied.size() == before.size()
                && after.size() == before.size()
                && after.modified().equals(before.modified())
                && after.changed().equals(before.changed());
        if (!same) {
            return Outcome.LATER;
        }
        digests.add(node, before, copied.digest());
        return Outcome.DONE;
    }

    /** One that is from the future is not: the clock was set back. */
    private static boolean isSettled(FileStatus status) {
        long changed = status.changed().seconds() * 1000 + status.changed().nanos() / 1_000_000;
        return Instant.now().toEpochMilli() - changed >= SETTLED_MS;
    }

    private boolean hasRoom(FileStatus status) throws IOException {
        return space.getUsableSpace() - status.blocks() * 512 > space.getTotalSpace() / SPARED;
    }

    private Staging staging(FileStatus next) throws VeloException {
        if (batch == null) {
            Lease lease = store.leases().take(Lease.Kind.INGEST, List.of());
            batch = new Batch(lease, new Staging(store, store.blobs(), lease), System.nanoTime());
        }
        batch.bytes += next.size();
        return batch.staging;
    }

    /** When {@link #commit} is to be called, as System.nanoTime tells; Long.MAX_VALUE for never. */
    public long commitAt() {
        if (batch == null) {
            return Long.MAX_VALUE;
        }
        return batch.bytes > COMMIT_BYTES ? batch.since : batch.since + COMMIT_NANOS;
    }

    /** What was copied becomes blobs. A collector may take them: whoever needs one claims it, or finds it gone. */
    public long commit() throws IOException {
        Batch complete = batch;
        batch = null;
        try {
            return over ? 0 : complete.staging.commit().blobs();
        } finally {
            complete.lease.close();
        }
    }

    @Override
    public void close() throws IOException {
        end();
        if (batch != null) {
            commit();
        }
        digests.close();
        session.close();
        store.close();
    }
}
