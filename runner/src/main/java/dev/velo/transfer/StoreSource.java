package dev.velo.transfer;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.CorruptBlobException;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;

/** Blobs of a store, hashed while they are read. */
final class StoreSource implements BlobSource {
    private final Store store;

    StoreSource(Store store) {
        this.store = store;
    }

    @Override
    public InputStream open(Blob blob) throws IOException {
        return new Verified(
                blob, new DescriptorInput(store.files(), store.blobs().open(blob.digest())));
    }

    @Override
    public String name() throws IOException {
        FileStatus root = store.files().status(store.root());
        return store.path() + " " + root.device() + " " + root.inode();
    }

    private final class Verified extends InputStream {
        private final Blob blob;
        private final InputStream file;
        private final MessageDigest function = Digest.function();
        private long size;
        private boolean ended;

        Verified(Blob blob, InputStream file) {
            this.blob = blob;
            this.file = file;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int at, int length) throws IOException {
            if (ended || length == 0) {
                return ended ? -1 : 0;
            }
            int count = file.read(into, at, length);
            if (count < 0) {
                ended = true;
                if (size != blob.size() || !Digest.finish(function).equals(blob.digest())) {
                    throw new FaultInStream(new CorruptBlobException(store, blob.digest()));
                }
                return -1;
            }
            function.update(into, at, count);
            size += count;
            return count;
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
