package dev.velo.cas.collect;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Disposal;
import dev.velo.cas.store.Leases;
import dev.velo.cas.store.Parallel;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreContents;
import dev.velo.cas.store.StoreException;
import dev.velo.cas.store.Sweep;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * One collection of a store. Use once.
 *
 * <p>Order: look at the clock, read the leases, then the roots; mark; sweep what is unmarked and not used since the collection began, less the grace
 * period, nor since the oldest ingest in progress began. Blobs go before farms: unlinking a farm's link would make its blob look used.
 */
public final class Collection {
    private final Store store;
    private final Duration grace;
    private final StoreContents contents;
    private final Sweep sweep;
    private final Disposal disposal;
    private final Map<Long, Integer> doomedLinks = new HashMap<>();

    /** @param grace what is younger stays: blobs since they were last used, roots since their file was first found missing */
    public Collection(Store store, Duration grace) {
        this(store, grace, Disposal.NONE);
    }

    /** @param disposal deletes farms that were taken away */
    public Collection(Store store, Duration grace, Disposal disposal) {
        this.store = store;
        this.grace = grace;
        this.contents = new StoreContents(store);
        this.sweep = new Sweep(store);
        this.disposal = disposal;
    }

    /** Finds what nothing needs; removes it where asked to. Writers, runs and other collectors may work at the same time. */
    public CollectionReport run(boolean remove) throws StoreException {
        try {
            Descriptor atWork = sweep.begin();
            try {
                return collect(remove);
            } finally {
                atWork.close();
            }
        } catch (IOException e) {
            throw StoreException.of("cannot collect store " + store.path(), e);
        }
    }

    private CollectionReport collect(boolean remove) throws StoreException, IOException {
        // No lease of its own: making one takes space, and a full store is when a collection is wanted most.
        Timestamp start = sweep.now();
        List<Leases.Held> leases = sweep.leases(remove);
        Marking marking = new Marking(store, grace, remove);
        LiveSet live = marking.mark(leases, start);
        if (remove) {
            // First: from here on a root whose file comes back is a new one, or else it keeps what it needs.
            marking.keep(sweep.roots(marking.expired(), marking.cutoff()));
        }
        List<String> farms = doomedFarms(live);
        for (String farm : farms) {
            sweep.linksOf(farm, doomedLinks);
        }
        List<StoreContents.Shard> all = contents.shards();
        List<Swept> shards = new Parallel<Swept>("cannot collect store " + store.path())
                .map(all.size(), piece -> sweepShard(all.get(piece), live, marking, remove));
        long began = System.nanoTime();
        List<String> sweptFarms = sweepFarms(farms, marking, remove);
        Duration farmsTook = Duration.ofNanos(System.nanoTime() - began);
        long copies = sweepCopies(live, marking, remove);
        began = System.nanoTime();
        if (remove) {
            sweep.unfinished();
            sweep.emptyTrash(disposal);
        }
        return new CollectionReport(
                remove,
                shards.stream().mapToLong(Swept::live).sum(),
                shards.stream().mapToLong(Swept::blobs).sum(),
                shards.stream().mapToLong(Swept::bytes).sum(),
                sweptFarms,
                copies,
                leases.size(),
                farmsTook,
                Duration.ofNanos(System.nanoTime() - began),
                marking.missing());
    }

    private List<String> doomedFarms(LiveSet live) throws IOException {
        List<String> doomed = new ArrayList<>();
        for (String farm : contents.farms()) {
            Digest manifest = manifestOf(farm);
            if (manifest != null && !live.hasManifest(manifest)) {
                doomed.add(farm);
            }
        }
        return doomed;
    }

    private static Digest manifestOf(String farm) {
        int hyphen = farm.indexOf('-');
        String hex = hyphen < 0 ? "" : farm.substring(0, hyphen);
        return Digest.isHex(hex) ? Digest.fromHex(hex) : null;
    }

    /** What a shard had. */
    private record Swept(long live, long blobs, long bytes) {}

    private Swept sweepShard(StoreContents.Shard shard, LiveSet live, Sweep.Needs needs, boolean remove)
            throws IOException {
        BlobStore.Form form = shard.form();
        int number = shard.number();
        List<StoreContents.Item> candidates = new ArrayList<>();
        long kept = 0;
        for (byte[] name : contents.names(form, number)) {
            if (live.has(number, name, form)) {
                kept++;
                continue;
            }
            StoreContents.Item item = contents.item(form, number, name);
            if (item.digest() == null) {
                // Not ours to delete: verify names it.
                kept++;
            } else {
                candidates.add(item);
            }
        }
        List<FileStatus> swept = sweep.items(candidates, needs, remove);
        long bytes = 0;
        for (FileStatus status : swept) {
            if (status.links() - doomedLinks.getOrDefault(status.inode(), 0) <= 1) {
                bytes += status.blocks() * 512;
            }
        }
        return new Swept(kept + candidates.size() - swept.size(), swept.size(), bytes);
    }

    private List<String> sweepFarms(List<String> farms, Sweep.Needs needs, boolean remove) throws IOException {
        List<String> swept = new ArrayList<>();
        for (String farm : farms) {
            if (sweep.farm(farm, manifestOf(farm), needs, remove)) {
                swept.add(farm);
            }
        }
        return swept;
    }

    private long sweepCopies(LiveSet live, Sweep.Needs needs, boolean remove) throws IOException {
        long count = 0;
        for (Digest manifest : contents.manifestCopies()) {
            if (!live.hasManifest(manifest) && sweep.manifestCopy(manifest, needs, remove)) {
                count++;
            }
        }
        return count;
    }
}
