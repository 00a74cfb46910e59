package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.EntryType;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Roots;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreContents;
import dev.velo.cas.store.StoreException;
import dev.velo.linkfarm.FarmPool;
import dev.velo.linkfarm.FarmStatus;
import dev.velo.linkfarm.Farms;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Counts what a store holds and what it saves. */
public final class Status {
    /**
     * What a store holds.
     *
     * @param bytes of disk that blobs and twins take
     * @param missingManifests registered, but gone or damaged
     * @param manifestFiles regular files of all registered manifests together
     * @param manifestBytes their bytes, each file counted
     * @param uniqueFiles distinct contents of them
     * @param uniqueBytes bytes of the distinct contents
     * @param farmBytes of disk that farms take for themselves
     */
    public record Report(
            long blobs,
            long twins,
            long bytes,
            long manifests,
            long missingManifests,
            long manifestFiles,
            long manifestBytes,
            long uniqueFiles,
            long uniqueBytes,
            long farms,
            long farmBytes,
            long leases) {}

    private final Store store;

    public Status(Store store) {
        this.store = store;
    }

    /** @param only count the contents of this manifest instead of all registered ones */
    public Report report(Optional<Manifest> only) throws StoreException {
        StoreContents contents = new StoreContents(store);
        try {
            long[] counts = new long[BlobStore.Form.values().length];
            long bytes = 0;
            for (BlobStore.Form form : BlobStore.Form.values()) {
                for (int shard : contents.shards(form)) {
                    for (StoreContents.Item item : contents.shard(form, shard)) {
                        counts[form.ordinal()]++;
                        bytes += store.files()
                                        .statusIfPresent(store.root(), item.path())
                                        .map(FileStatus::blocks)
                                        .orElse(0L)
                                * 512;
                    }
                }
            }
            List<FarmStatus> farms = new Farms(store).list();
            Usage usage = only.isPresent() ? new Usage().add(only.get()) : usageOfRoots();
            return new Report(
                    counts[BlobStore.Form.PLAIN.ordinal()],
                    counts[BlobStore.Form.EXECUTABLE.ordinal()],
                    bytes,
                    usage.manifests,
                    usage.missing,
                    usage.files,
                    usage.bytes,
                    usage.unique.size(),
                    usage.unique.values().stream().mapToLong(Long::longValue).sum(),
                    farms.size(),
                    FarmPool.bytes(farms),
                    store.leases().count());
        } catch (IOException e) {
            throw StoreException.of("cannot read store " + store.path(), e);
        }
    }

    private Usage usageOfRoots() throws StoreException {
        Usage usage = new Usage();
        List<Roots.Root> roots = store.roots().list();
        for (Roots.Root root : roots) {
            try {
                usage.add(Manifest.open(root.file()));
            } catch (ManifestException e) {
                // Gone or damaged: gc and verify say which.
                usage.missing++;
            }
        }
        return usage;
    }

    private static final class Usage {
        private long manifests;
        private long missing;
        private long files;
        private long bytes;
        private final Map<Digest, Long> unique = new HashMap<>();

        Usage add(Manifest manifest) {
            manifests++;
            files += manifest.count(EntryType.FILE);
            bytes += manifest.contentBytes();
            manifest.contents().forEach(content -> unique.put(content.digest(), content.size()));
            return this;
        }
    }
}
