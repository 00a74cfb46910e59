package dev.velo.cas.ingest;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.CacheFiles;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Presence;
import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Files that an earlier ingest of the same directory has read and that have not changed since: they are not opened again. Notes also what
 * this ingest reads, for the next one. Whatever is wrong with the cache makes an ingest slower and nothing else. Safe for use by many
 * threads.
 *
 * <p>Why a hit's blob stays: docs/formats/store.md, "How a blob gets in".
 */
final class KnownFiles {
    /**
     * A file changed again within one tick of its file system's clock keeps its times. So only a file is noted whose times are older than
     * the ingest by more than a tick: 10 ms at most on Linux, but 2 s where times have no fractions of a second.
     */
    private static final long TICK_NANOS = 20_000_000;

    private static final long COARSE_TICK_NANOS = 2_000_000_000L;

    /** Another file system may be another machine's, with a clock that is behind. */
    private static final long FOREIGN_NANOS = 60_000_000_000L;

    private final Store store;
    private final String name;
    private StatCache cache;
    private Digest earlier;
    private final Lease lease;
    private final Staging staging;
    private final boolean kept;
    private final long device;
    private final ChangeTimes times;
    private Presence presence;
    private final byte[] hits;
    private final AtomicInteger hitCount = new AtomicInteger();
    private CacheFiles.Draft draft;
    private byte[] head;
    private final StatCache.Notes notes = new StatCache.Notes();

    private KnownFiles(Store store, Path source, StatCache cache, Lease lease, Staging staging) throws IOException {
        this.store = store;
        this.name = nameOf(source);
        this.times = ChangeTimes.of(store.files(), source.toString().getBytes(StandardCharsets.UTF_8));
        this.cache = cache;
        this.lease = lease;
        this.staging = staging;
        this.kept = cache.count() > 0
                && store.leases().isSeenByCollectors(lease)
                && store.roots().hasCopy(cache.manifest());
        this.device = store.files().status(store.root()).device();
        this.presence = new Presence(store, cache.count());
        this.hits = new byte[cache.count()];
    }

    /** What is known of a directory, by the absolute path that the user gave. Empty where nothing is, or nothing shall be believed. */
    static StatCache cacheOf(Store store, Path source, boolean forget) {
        if (forget) {
            return StatCache.EMPTY;
        }
        try {
            StatCache cache = store.caches()
                    .read(nameOf(source), StatCache.LIMIT)
                    .map(StatCache::of)
                    .orElse(StatCache.EMPTY);
            // A lease on a manifest that is gone would only stop collections.
            return cache.count() > 0 && store.roots().hasCopy(cache.manifest()) ? cache : StatCache.EMPTY;
        } catch (IOException e) {
            return StatCache.EMPTY;
        }
    }

    /** The manifests that an ingest with this cache must have in its lease. */
    static List<Digest> manifests(StatCache cache) {
        return cache.count() == 0 ? List.of() : List.of(cache.manifest());
    }

    /** @param lease taken with {@link #manifests} of the cache */
    static KnownFiles with(StatCache cache, Path source, Store store, Lease lease, Staging staging) throws IOException {
        return new KnownFiles(store, source, cache, lease, staging);
    }

    private static String nameOf(Path source) {
        byte[] path = source.normalize().toString().getBytes(StandardCharsets.UTF_8);
        return "stat-" + Digest.of(path).toHex();
    }

    boolean isEmpty() {
        return cache.count() == 0;
    }

    /** The digest of a file in this state where it is known and the store has its content, for as long as this ingest needs it; else null. */
    Digest recall(FileStatus status) throws IOException {
        int index = times.areKept(status) ? cache.find(status) : -1;
        if (index < 0) {
            return null;
        }
        Digest digest = cache.digest(index);
        if (!presence.has(digest, status.size()) || !kept && !staging.claim(digest, BlobStore.Form.PLAIN)) {
            return null;
        }
        hits[index] = 1;
        hitCount.incrementAndGet();
        return digest;
    }

    /** Notes what was read. The status is of before the reading and did not change by it. */
    void note(FileStatus status, Digest digest) {
        if (times.areKept(status) && isSettled(status.modified(), status) && isSettled(status.changed(), status)) {
            notes.add(status, digest);
        }
    }

    private boolean isSettled(Timestamp time, FileStatus status) {
        long margin = status.device() != device ? FOREIGN_NANOS : time.nanos() == 0 ? COARSE_TICK_NANOS : TICK_NANOS;
        Timestamp since = lease.since();
        long seconds = since.seconds() - time.seconds();
        if (seconds > 1_000_000) {
            return true;
        }
        return seconds >= -1_000_000 && seconds * 1_000_000_000L + since.nanos() - time.nanos() > margin;
    }

    /** Number of files that were not read. */
    long hits() {
        return hitCount.get();
    }

    /**
     * Stages what is known now, once every file was read, and forgets it. Apart from {@link #publish}, so that it takes no memory while the
     * manifest is made.
     */
    void stage() {
        boolean complete = notes.isEmpty();
        for (int i = 0; complete && i < hits.length; i++) {
            complete = hits[i] != 0;
        }
        head = cache.head(cache.manifest());
        if (!complete) {
            byte[] file = cache.successor(hits, notes, Digest.EMPTY);
            head = StatCache.of(file).head(Digest.EMPTY);
            stage(file);
        }
        earlier = cache.manifest();
        cache = StatCache.EMPTY;
        presence = null;
        notes.clear();
    }

    private void stage(byte[] file) {
        try {
            draft = store.caches().stage(file, lease);
        } catch (IOException e) {
            // The next ingest reads the files again.
            draft = null;
        }
    }

    /** Publishes what was staged, after the manifest in which all of it stands. */
    void publish(Digest manifest) {
        if (draft == null && hits.length > 0 && !manifest.equals(earlier)) {
            restage();
        }
        if (draft == null) {
            return;
        }
        try {
            store.caches().publish(draft, StatCache.withManifest(head, manifest), name, lease);
        } catch (IOException e) {
            // As above.
            return;
        }
    }

    /** Every file was known, and the manifest is another: the entries stay as they are, if nobody has replaced them meanwhile. */
    private void restage() {
        try {
            Optional<byte[]> file = store.caches().read(name, StatCache.LIMIT);
            if (file.isPresent() && Arrays.equals(StatCache.of(file.get()).head(earlier), head)) {
                stage(file.get());
            }
        } catch (IOException e) {
            // As above.
            draft = null;
        }
    }
}
