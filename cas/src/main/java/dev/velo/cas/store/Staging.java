package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Blobs on their way into the store. Files are written below the lease of their writer; {@link #commit} makes all of them durable with
 * one syncfs(2) and then gives them their names, so that a name never stands for content that a power cut could tear. A failure before
 * the commit leaves the store as it was. Safe for use by many threads.
 */
public final class Staging {
    /**
     * A file being written.
     *
     * @param mode the permissions that it has now
     */
    public record Draft(Descriptor file, long number, int mode) {
        byte[] name() {
            return nameOf(number);
        }
    }

    /** What a commit did. */
    public record Committed(long blobs, long bytes) {}

    /** A file that is complete. Kept small: a large tree has millions. */
    record Sealed(long number, Digest digest, BlobStore.Form form, long size) {
        byte[] name() {
            return nameOf(number);
        }
    }

    /** So many are given their names in one passage of the gate: a collector waits for no longer than that. */
    private static final int BATCH = 128;

    private final Store store;
    private final BlobStore blobs;
    private final Lease lease;
    private final FileOps files;
    private final AtomicLong counter = new AtomicLong();
    private final Set<Digest> known = ConcurrentHashMap.newKeySet();
    private final Queue<Sealed> sealed = new ConcurrentLinkedQueue<>();
    private volatile boolean claimed;
    private volatile int given = -1;

    public Staging(Store store, BlobStore blobs, Lease lease) {
        this.store = store;
        this.blobs = blobs;
        this.lease = lease;
        this.files = store.files();
    }

    public Draft draft() throws IOException {
        long number = counter.incrementAndGet();
        Descriptor file = files.createFile(lease.directory(), nameOf(number), BlobStore.Form.PLAIN.mode());
        if (given < 0) {
            // The caller's umask may take bits away, of every file alike.
            given = files.status(file.number()).permissions();
        }
        return new Draft(file, number, given);
    }

    private static byte[] nameOf(long number) {
        return ("blob-" + number).getBytes(StandardCharsets.US_ASCII);
    }

    /** True where this staging holds the content already, or has found it in the store; then no draft of it is needed. */
    public boolean has(Digest digest) {
        return known.contains(digest);
    }

    /** True where the store has the blob; it is then claimed for the lease. */
    public boolean claim(Digest digest, BlobStore.Form form) throws IOException {
        if (known.contains(digest)) {
            return true;
        }
        if (blobs.claim(digest, form)) {
            known.add(digest);
            claimed = true;
            return true;
        }
        return false;
    }

    /** Finishes a draft: final mode, final time, closed. A second draft of the same content is dropped. */
    public void seal(Draft draft, Digest digest, BlobStore.Form form, long size) throws IOException {
        if (!known.add(digest)) {
            discard(draft);
            return;
        }
        try (Descriptor file = draft.file()) {
            if (draft.mode() != form.mode()) {
                files.changeMode(file.number(), form.mode());
            }
            files.setModified(file.number(), StoreLayout.FIXED_TIME);
        }
        sealed.add(new Sealed(draft.number(), digest, form, size));
    }

    public void discard(Draft draft) throws IOException {
        draft.file().close();
        files.unlink(lease.directory(), draft.name());
    }

    /** Publishes everything sealed. After a failure the rest is still unpublished and goes with the lease. */
    public Committed commit() throws IOException {
        if (sealed.isEmpty()) {
            if (claimed) {
                // Whoever stored what was claimed may not have synced its name yet.
                files.syncFileSystem(store.root());
            }
            return new Committed(0, 0);
        }
        files.syncFileSystem(store.root());
        long count = 0;
        long bytes = 0;
        List<Sealed> batch = new ArrayList<>(BATCH);
        while (!sealed.isEmpty()) {
            batch.clear();
            while (batch.size() < BATCH && !sealed.isEmpty()) {
                batch.add(sealed.poll());
            }
            for (Sealed fresh : blobs.publish(lease.directory(), batch)) {
                count++;
                bytes += fresh.size();
            }
        }
        files.syncFileSystem(store.root());
        known.clear();
        return new Committed(count, bytes);
    }
}
