package dev.velo.cas.verify;

import dev.velo.cas.Digest;
import dev.velo.cas.Progress;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.Parallel;
import dev.velo.cas.store.Roots;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreContents;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Re-hashes blobs and checks modes, owners, names and manifests. Use once. */
public final class Verification {
    private final Store store;
    private final StoreContents contents;
    private final BlobCheck check;
    private final boolean repair;
    private final Progress progress;

    /** @param repair put right what can be: modes, owners, times; content from a sound twin; else move it to quarantine */
    public Verification(Store store, boolean repair) {
        this(store, repair, new Progress());
    }

    /** @param progress advanced with each blob that was hashed */
    public Verification(Store store, boolean repair, Progress progress) {
        this.store = store;
        this.contents = new StoreContents(store);
        this.check = new BlobCheck(store, repair, progress);
        this.repair = repair;
        this.progress = progress;
    }

    /** Checks the whole store: every blob, twin, registered manifest and copy. Farms are audited by the linkfarm module. */
    public List<Finding> store() throws StoreException {
        try {
            List<Finding> findings = new ArrayList<>(strangers());
            findings.addAll(shards());
            findings.addAll(copies());
            for (Roots.Root root : store.roots().list()) {
                findings.addAll(root(root));
            }
            findings.addAll(new ProtectionCheck(store, repair).findings());
            findings.sort(Comparator.comparing(Finding::kind).thenComparing(Finding::object));
            return findings;
        } catch (IOException e) {
            throw StoreException.of("cannot verify store " + store.path(), e);
        }
    }

    /** Checks only what one manifest needs. */
    public List<Finding> manifest(Manifest manifest) throws StoreException {
        try {
            List<Finding> findings = new ArrayList<>();
            ContentCopy hasher = new ContentCopy(store.files());
            for (Manifest.Content content : manifest.contents()) {
                Optional<FileStatus> blob = store.blobs().status(content.digest(), BlobStore.Form.PLAIN);
                if (blob.isEmpty()) {
                    findings.add(missing(content, manifest.digest().toHex()));
                    continue;
                }
                for (BlobStore.Form form : BlobStore.Form.values()) {
                    if (store.blobs().status(content.digest(), form).isPresent()) {
                        byte[] path = BlobStore.nameOf(content.digest(), form);
                        findings.addAll(check.check(new StoreContents.Item(path, content.digest(), form), hasher));
                    }
                }
            }
            return findings;
        } catch (IOException e) {
            throw StoreException.of("cannot verify store " + store.path(), e);
        }
    }

    /** Number of blobs and twins that were hashed. */
    public long checked() {
        return progress.files();
    }

    private List<Finding> strangers() throws IOException {
        List<Finding> findings = new ArrayList<>();
        for (BlobStore.Form form : BlobStore.Form.values()) {
            for (byte[] path : contents.strangers(form)) {
                findings.add(foreign(path));
            }
        }
        return findings;
    }

    private static Finding foreign(byte[] path) {
        return new Finding(
                "foreign-file", ErrnoException.printable(path), "not put there by velo; remove it by hand", false);
    }

    private List<Finding> shards() throws IOException, StoreException {
        List<StoreContents.Shard> all = contents.shards();
        for (StoreContents.Shard shard : all) {
            progress.found(contents.names(shard.form(), shard.number()).size());
        }
        List<Finding> findings = new ArrayList<>();
        new Parallel<List<Finding>>("cannot verify store " + store.path())
                .map(
                        all.size(),
                        piece -> shard(all.get(piece).form(), all.get(piece).number()))
                .forEach(findings::addAll);
        return findings;
    }

    private List<Finding> shard(BlobStore.Form form, int shard) throws IOException {
        List<Finding> findings = new ArrayList<>();
        List<StoreContents.Item> items = contents.shard(form, shard);
        if (items.isEmpty()) {
            // A hasher has a buffer of a megabyte; most shards of a small store do not need one.
            return findings;
        }
        ContentCopy hasher = new ContentCopy(store.files());
        for (StoreContents.Item item : items) {
            if (item.digest() == null) {
                findings.add(foreign(item.path()));
            } else {
                findings.addAll(check.check(item, hasher));
            }
        }
        return findings;
    }

    private List<Finding> copies() throws IOException {
        List<Finding> findings = new ArrayList<>();
        for (Digest manifest : contents.manifestCopies()) {
            Optional<byte[]> copy = store.roots().copyOf(manifest);
            if (copy.isPresent() && !Digest.of(copy.get()).equals(manifest)) {
                findings.add(new Finding(
                        "corrupt-manifest",
                        manifest.toHex(),
                        "the store's copy of this manifest has changed; use the manifest once more to renew it",
                        check.quarantineManifest(manifest)));
            }
        }
        return findings;
    }

    private List<Finding> root(Roots.Root root) throws IOException {
        if (!Files.exists(root.file())) {
            // Its owner may delete a manifest; gc reports it.
            return List.of();
        }
        try {
            List<Finding> findings = new ArrayList<>();
            for (Manifest.Content content : Manifest.open(root.file()).contents()) {
                if (store.blobs().status(content.digest(), BlobStore.Form.PLAIN).isEmpty()) {
                    findings.add(missing(content, root.file().toString()));
                }
            }
            return findings;
        } catch (ManifestException e) {
            return List.of(new Finding("corrupt-manifest", root.file().toString(), e.getMessage(), false));
        }
    }

    private static Finding missing(Manifest.Content content, String manifest) {
        return new Finding(
                "missing-blob",
                content.digest().toHex(),
                "needed by " + content.firstPath() + " of manifest " + manifest + "; ingest the tree again",
                false);
    }
}
