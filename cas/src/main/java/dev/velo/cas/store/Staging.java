package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Blobs on their way into the store. Files are written below the lease of their writer; {@link #commit} makes all of them durable with
 * one syncfs(2) and then gives them their names, so that a name never stands for content that a power cut could tear. A failure before
 * the commit leaves the store as it was. Safe for use by many threads.
 */
public final class Staging {
    /**
     * A file being written.
     *
     * @param place the number of its directory, which with {@code number} makes its name
     * @param mode the permissions that it has now
     */
    public record Draft(Descriptor file, int place, int number, int mode) {
        byte[] name() {
            return nameOf(place, number);
        }
    }

    /** Where one thread makes its drafts. */
    private static final class Place {
        private int number;
        private int drafts;
    }

    /** What a commit did. */
    public record Committed(long blobs, long bytes) {}

    /** A file that is complete. Kept small: a large tree has millions. */
    record Sealed(int place, int number, Digest digest, BlobStore.Form form, long size) {
        byte[] name() {
            return nameOf(place, number);
        }
    }

    /** So many are given their names in one passage of the gate: a collector waits for no longer than that. */
    private static final int BATCH = 128;

    private final Store store;
    private final BlobStore blobs;
    private final Lease lease;
    private final FileOps files;
    private final AtomicInteger directories = new AtomicInteger();
    /** One directory a thread: the kernel lets only one thread at a time change a directory. */
    private final ThreadLocal<Place> places = ThreadLocal.withInitial(Place::new);

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
        Place place = place();
        int number = ++place.drafts;
        Descriptor file =
                files.createFile(lease.directory(), nameOf(place.number, number), BlobStore.Form.PLAIN.mode());
        try {
            if (given < 0) {
                // The caller's umask may take bits away, of every file alike.
                given = files.status(file.number()).permissions();
            }
            return new Draft(file, place.number, number, given);
        } catch (IOException e) {
            Leases.closeQuietly(file);
            throw e;
        }
    }

    private Place place() throws IOException {
        Place place = places.get();
        if (place.drafts == 0) {
            place.number = makeDirectory();
        }
        return place;
    }

    /** Another staging below the same lease may have made some. */
    private int makeDirectory() throws IOException {
        while (true) {
            int number = directories.incrementAndGet();
            try {
                files.makeDirectory(lease.directory(), directoryOf(number), StoreLayout.PRIVATE);
                return number;
            } catch (ErrnoException e) {
                if (!e.is(Errno.EEXIST)) {
                    throw e;
                }
            }
        }
    }

    private static byte[] directoryOf(int place) {
        return ("staged-" + place).getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] nameOf(int place, int number) {
        return ("staged-" + place + "/" + number).getBytes(StandardCharsets.US_ASCII);
    }

    /** True where this staging holds the content already, or has found it in the store; then no draft of it is needed. */
    public boolean has(Digest digest) {
        return known.contains(digest);
    }

    /** True where the store has the blob; it is then claimed for the lease. */
    public boolean claim(Digest digest, BlobStore.Form form) throws IOException {
        return known.contains(digest) || isKnown(digest, blobs.claim(digest, form, lease));
    }

    /** As {@link #claim(Digest, BlobStore.Form)}, where the store's file has this size; another one is damaged. */
    public boolean claim(Digest digest, BlobStore.Form form, long size) throws IOException {
        return known.contains(digest) || isKnown(digest, blobs.claim(digest, form, size, lease));
    }

    private boolean isKnown(Digest digest, boolean present) {
        if (present) {
            known.add(digest);
            claimed = true;
        }
        return present;
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
        sealed.add(new Sealed(draft.place(), draft.number(), digest, form, size));
    }

    /**
     * Takes over a file that is content already, instead of a copy of it: the file goes from where it is. For a file that nobody can write to
     * any more and that has one name, no attributes and no flags of its own.
     *
     * @param file the same one, open
     */
    public void adopt(int dir, byte[] name, Descriptor file, Digest digest, long size) throws IOException {
        Place place = place();
        int number = ++place.drafts;
        store.give(file.number());
        files.changeMode(file.number(), BlobStore.Form.PLAIN.mode());
        files.setModified(file.number(), StoreLayout.FIXED_TIME);
        files.rename(dir, name, lease.directory(), nameOf(place.number, number));
        if (known.add(digest)) {
            sealed.add(new Sealed(place.number, number, digest, BlobStore.Form.PLAIN, size));
        } else {
            files.unlink(lease.directory(), nameOf(place.number, number));
        }
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
            for (Sealed fresh : blobs.publish(lease, batch)) {
                count++;
                bytes += fresh.size();
            }
        }
        files.syncFileSystem(store.root());
        known.clear();
        return new Committed(count, bytes);
    }
}
