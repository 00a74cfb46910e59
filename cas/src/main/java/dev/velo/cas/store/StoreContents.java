package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is in a store, shard by shard, for the collector and the verifier. */
public final class StoreContents {
    /**
     * A file found where blobs are.
     *
     * @param path relative to the store's root
     * @param digest what its name says, null for a name that is no digest
     */
    public record Item(byte[] path, Digest digest, BlobStore.Form form) {}

    /** The most shards that a form can have. */
    static final int SHARDS = 256;

    private static final String SHARD = "[0-9a-f]{2}";

    private final Store store;
    private final FileOps files;

    public StoreContents(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /** A part of the blobs of one form: those whose digests begin with the same byte. */
    public record Shard(BlobStore.Form form, int number) {}

    /** All shards that there are. */
    public List<Shard> shards() throws IOException {
        List<Shard> all = new ArrayList<>();
        for (BlobStore.Form form : BlobStore.Form.values()) {
            shards(form).forEach(number -> all.add(new Shard(form, number)));
        }
        return all;
    }

    /** The numbers of the shards that there are, in ascending order. */
    public List<Integer> shards(BlobStore.Form form) throws IOException {
        return names(form.directory()).stream()
                .map(name -> new String(name, StandardCharsets.ISO_8859_1))
                .filter(name -> name.matches(SHARD))
                .map(name -> Integer.parseInt(name, 16))
                .sorted()
                .toList();
    }

    /** The files of one shard, empty where it was never needed. */
    public List<Item> shard(BlobStore.Form form, int shard) throws IOException {
        List<Item> items = new ArrayList<>();
        for (byte[] name : names(form, shard)) {
            items.add(item(form, shard, name));
        }
        return items;
    }

    /** The names in one shard: digests less their first two digits, and whatever else somebody put there. */
    public List<byte[]> names(BlobStore.Form form, int shard) throws IOException {
        return names(StoreLayout.below(form.directory(), StoreLayout.shardText(shard)));
    }

    /** What a name in a shard stands for. */
    public Item item(BlobStore.Form form, int shard, byte[] name) {
        String text = new String(name, StandardCharsets.ISO_8859_1);
        String hex = StoreLayout.shardText(shard) + text;
        byte[] path = StoreLayout.below(form.directory(), StoreLayout.shardText(shard) + "/" + text);
        return new Item(path, Digest.isHex(hex) ? Digest.fromHex(hex) : null, form);
    }

    /** Names in the class directory of a form that are no shard. */
    public List<byte[]> strangers(BlobStore.Form form) throws IOException {
        List<byte[]> strangers = new ArrayList<>();
        for (byte[] name : names(form.directory())) {
            if (!new String(name, StandardCharsets.ISO_8859_1).matches(SHARD)) {
                strangers.add(StoreLayout.below(form.directory(), new String(name, StandardCharsets.ISO_8859_1)));
            }
        }
        return strangers;
    }

    /** Digests of the manifests of which the store has a copy. */
    public List<Digest> manifestCopies() throws IOException {
        List<Digest> digests = new ArrayList<>();
        for (byte[] name : names(StoreLayout.MANIFESTS)) {
            manifestOf(name).ifPresent(digests::add);
        }
        return digests;
    }

    private static Optional<Digest> manifestOf(byte[] name) {
        String text = new String(name, StandardCharsets.ISO_8859_1);
        return text.endsWith(".velo") && Digest.isHex(text.substring(0, text.length() - 5))
                ? Optional.of(Digest.fromHex(text.substring(0, text.length() - 5)))
                : Optional.empty();
    }

    /** The names of the farms: a manifest's digest, a hyphen, the placement. */
    public List<String> farms() throws IOException {
        return names(StoreLayout.FARMS).stream()
                .map(name -> new String(name, StandardCharsets.UTF_8))
                .toList();
    }

    private List<byte[]> names(byte[] directory) throws IOException {
        try (Descriptor dir = files.openDirectory(store.root(), directory)) {
            return files.list(dir.number()).stream().map(DirectoryEntry::name).toList();
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return List.of();
            }
            throw e;
        }
    }
}
