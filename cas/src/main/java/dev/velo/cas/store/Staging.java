package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
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
    /** A file being written. */
    public record Draft(Descriptor file, byte[] name) {}

    /** What a commit did. */
    public record Committed(long blobs, long bytes) {}

    private record Sealed(byte[] name, Digest digest, BlobStore.Form form, long size) {}

    private final Store store;
    private final BlobStore blobs;
    private final Lease lease;
    private final FileOps files;
    private final AtomicLong counter = new AtomicLong();
    private final Set<Digest> known = ConcurrentHashMap.newKeySet();
    private final Queue<Sealed> sealed = new ConcurrentLinkedQueue<>();

    public Staging(Store store, BlobStore blobs, Lease lease) {
        this.store = store;
        this.blobs = blobs;
        this.lease = lease;
        this.files = store.files();
    }

    public Draft draft() throws IOException {
        byte[] name = ("blob-" + counter.incrementAndGet()).getBytes(StandardCharsets.US_ASCII);
        return new Draft(files.createFile(lease.directory(), name, 0600), name);
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
        if (blobs.claim(digest, form, lease)) {
            known.add(digest);
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
            files.changeMode(file.number(), form.mode());
            files.setModified(file.number(), StoreLayout.FIXED_TIME);
        }
        sealed.add(new Sealed(draft.name(), digest, form, size));
    }

    public void discard(Draft draft) throws IOException {
        draft.file().close();
        files.unlink(lease.directory(), draft.name());
    }

    /** For a draft that could not be finished, in whatever state; the failure that led here is the one to report. */
    public void abandon(Draft draft) {
        try {
            draft.file().close();
            files.unlink(lease.directory(), draft.name());
        } catch (IOException e) {
            // It goes with the lease.
            return;
        }
    }

    /** Publishes everything sealed. After a failure the rest is still unpublished and goes with the lease. */
    public Committed commit() throws IOException {
        if (sealed.isEmpty()) {
            return new Committed(0, 0);
        }
        files.syncFileSystem(store.root());
        long count = 0;
        long bytes = 0;
        for (Sealed next = sealed.poll(); next != null; next = sealed.poll()) {
            if (blobs.publish(lease, next.name(), next.digest(), next.form())) {
                count++;
                bytes += next.size();
            }
        }
        files.syncFileSystem(store.root());
        return new Committed(count, bytes);
    }
}
