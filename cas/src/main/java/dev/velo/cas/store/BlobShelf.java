package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The blobs for somebody who needs many: keeps the directories open in which they are, so that the kernel looks up one name for each blob and
 * not four. Safe for use by many threads; closed by its maker when they have ended.
 */
public final class BlobShelf implements AutoCloseable {
    /** Few blobs are not worth the opening, and a process may have 1,024 descriptors only. */
    private static final int MANY = 4 * StoreContents.SHARDS;

    private static final int NONE = -1;
    private static final byte[] DIGITS = {'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'
    };

    private final Store store;
    private final FileOps files;
    private final boolean keep;
    private final int[][] numbers;
    private final List<Descriptor> open = new ArrayList<>();

    /**
     * @param files the store's file operations, or ones that a test makes fail
     * @param questions how many blobs will be asked for, roughly
     */
    public BlobShelf(Store store, FileOps files, long questions) {
        this.store = store;
        this.files = files;
        this.keep = questions >= MANY;
        this.numbers = new int[BlobStore.Form.values().length][StoreContents.SHARDS];
    }

    /** As {@link BlobStore#status}. */
    public Optional<FileStatus> status(Digest digest, BlobStore.Form form) throws IOException {
        int shard = shard(digest, form);
        return shard == NONE
                ? files.statusIfPresent(store.root(), BlobStore.nameOf(digest, form))
                : files.statusIfPresent(shard, name(digest));
    }

    /** linkat(2) of a blob. */
    public void link(Digest digest, BlobStore.Form form, int dir, byte[] name) throws IOException {
        int shard = shard(digest, form);
        if (shard == NONE) {
            files.link(store.root(), BlobStore.nameOf(digest, form), dir, name);
        } else {
            files.link(shard, name(digest), dir, name);
        }
    }

    private int shard(Digest digest, BlobStore.Form form) {
        if (!keep) {
            return NONE;
        }
        int[] ofForm = numbers[form.ordinal()];
        int shard = digest.byteAt(0) & 0xff;
        // A stale zero only leads to the lock; descriptors 0 to 2 are never a directory of the store.
        return ofForm[shard] != 0 ? ofForm[shard] : opened(ofForm, shard, digest, form);
    }

    private synchronized int opened(int[] ofForm, int shard, Digest digest, BlobStore.Form form) {
        if (ofForm[shard] == 0) {
            try {
                Descriptor directory =
                        files.openDirectory(store.root(), StoreLayout.shardName(form.directory(), digest));
                open.add(directory);
                ofForm[shard] = directory.number();
            } catch (IOException e) {
                // Not there, or no descriptor left: the long way tells what is wrong, if anything is.
                ofForm[shard] = NONE;
            }
        }
        return ofForm[shard];
    }

    /** The digits behind the first two. */
    private static byte[] name(Digest digest) {
        byte[] name = new byte[2 * Digest.LENGTH - 2];
        for (int i = 1; i < Digest.LENGTH; i++) {
            int value = digest.byteAt(i);
            name[2 * i - 2] = DIGITS[value >> 4 & 0xf];
            name[2 * i - 1] = DIGITS[value & 0xf];
        }
        return name;
    }

    @Override
    public void close() {
        open.forEach(Leases::closeQuietly);
    }
}
