package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Whether blobs exist. Who asks for many has each shard listed once, at the first question that falls into it; who asks for few has each
 * blob looked at. A yes is of the moment, so it is worth something only to who knows that nobody removes the blob. Safe for use by many
 * threads.
 */
public final class Presence {
    /** With fewer questions than this, 256 listings cost more than the looks. */
    private static final int MANY = 4 * StoreContents.SHARDS;

    /** A shard that holds this many times what is asked of it is not worth listing. A name takes some 80 bytes in a directory. */
    private static final long DILUTED = 16L * 80;

    private final Store store;
    private final FileOps files;
    private final long questions;
    private final AtomicReferenceArray<Shard> shards = new AtomicReferenceArray<>(StoreContents.SHARDS);

    /** @param questions how many will be asked, roughly */
    public Presence(Store store, long questions) {
        this.store = store;
        this.files = store.files();
        this.questions = questions;
    }

    /** True where the store has the blob, as a regular file, and, where it is looked at by itself, of this size. */
    public boolean has(Digest digest, long size) throws IOException {
        if (questions >= MANY) {
            Shard shard = shard(digest.byteAt(0) & 0xff);
            if (shard != Shard.UNLISTED) {
                return shard.has(digest);
            }
        }
        return files.statusIfPresent(store.root(), BlobStore.nameOf(digest, BlobStore.Form.PLAIN))
                .filter(status -> status.isRegular() && status.size() == size)
                .isPresent();
    }

    private Shard shard(int number) throws IOException {
        Shard shard = shards.get(number);
        if (shard == null) {
            // Two threads may list the same one, with the same result.
            shard = list(number);
            shards.set(number, shard);
        }
        return shard;
    }

    private Shard list(int number) throws IOException {
        byte[] path = StoreLayout.below(StoreLayout.BLOBS, StoreLayout.shardText(number));
        try (Descriptor dir = files.openDirectory(store.root(), path)) {
            long worth = DILUTED * (questions / StoreContents.SHARDS);
            return files.status(dir.number()).size() > worth ? Shard.UNLISTED : new Shard(files.list(dir.number()));
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return new Shard(List.of());
            }
            throw e;
        }
    }

    /** The names of one shard in an open-addressed table. Immutable. */
    private static final class Shard {
        static final Shard UNLISTED = new Shard(List.of());

        private static final int LENGTH = 2 * Digest.LENGTH - 2;
        private static final byte[] DIGITS = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

        private final byte[][] slots;

        Shard(List<DirectoryEntry> entries) {
            slots = new byte[Integer.highestOneBit(entries.size() + 1) * 4][];
            for (DirectoryEntry entry : entries) {
                byte[] name = entry.name();
                boolean regular = entry.type() == FileType.REGULAR || entry.type() == FileType.UNKNOWN;
                if (name.length == LENGTH && regular) {
                    int slot = start(name);
                    while (slots[slot] != null) {
                        slot = (slot + 1) & (slots.length - 1);
                    }
                    slots[slot] = name;
                }
            }
        }

        /** The digits of a digest are spread evenly; six of them are more than a shard needs. */
        private int start(byte[] name) {
            int hash = 0;
            for (int i = 0; i < 6; i++) {
                hash = (hash << 4) | (name[i] <= '9' ? name[i] - '0' : name[i] - 'a' + 10) & 0xf;
            }
            return hash & (slots.length - 1);
        }

        boolean has(Digest digest) {
            byte[] wanted = new byte[LENGTH];
            for (int i = 1; i < Digest.LENGTH; i++) {
                int value = digest.byteAt(i);
                wanted[2 * i - 2] = DIGITS[(value >> 4) & 0xf];
                wanted[2 * i - 1] = DIGITS[value & 0xf];
            }
            for (int slot = start(wanted); slots[slot] != null; slot = (slot + 1) & (slots.length - 1)) {
                if (Arrays.equals(slots[slot], wanted)) {
                    return true;
                }
            }
            return false;
        }
    }
}
