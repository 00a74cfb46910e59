package dev.velo.transfer;

import dev.velo.cas.Digest;
import dev.velo.cas.VeloException;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Contents on their way from elsewhere into the store. Each is written to the lease's directory and proven there. What has been proven is
 * published every now and then, so that a pull that is killed keeps it; a name never appears before its content is proven and durable.
 */
final class Arrivals implements BlobSink {
    private static final int BUFFER = 256 << 10;
    private static final int PUBLISH_BLOBS = 2000;
    private static final long PUBLISH_BYTES = 64 << 20;
    private static final long PUBLISH_NANOS = 2_000_000_000L;

    private final Store store;
    private final Staging staging;
    private final String from;
    private final ThreadLocal<ByteBuffer> buffers = ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(BUFFER));
    private final LongAdder blobs = new LongAdder();
    private final LongAdder bytes = new LongAdder();

    /** Shared by those who seal: a file sealed between the sync of a commit and its renames would be published without being synced. */
    private final ReadWriteLock sealing = new ReentrantReadWriteLock();

    private int waitingBlobs;
    private long waitingBytes;
    private long published = System.nanoTime();

    /** @param from the other side, for messages */
    Arrivals(Store store, Staging staging, String from) {
        this.store = store;
        this.staging = staging;
        this.from = from;
    }

    @Override
    public void accept(Blob blob, InputStream content) throws VeloException, IOException {
        Staging.Draft draft = staging.draft();
        boolean sealed = false;
        try {
            copy(blob, content, draft);
            sealing.readLock().lock();
            try {
                staging.seal(draft, blob.digest(), BlobStore.Form.PLAIN, blob.size());
                sealed = true;
            } finally {
                sealing.readLock().unlock();
            }
        } finally {
            if (!sealed) {
                staging.discard(draft);
            }
        }
        blobs.increment();
        bytes.add(blob.size());
        if (isDue(blob.size())) {
            publish();
        }
    }

    private void copy(Blob blob, InputStream content, Staging.Draft draft) throws VeloException, IOException {
        MessageDigest function = Digest.function();
        byte[] chunk = new byte[(int) Math.min(BUFFER, blob.size() + 1)];
        long size = 0;
        for (int count = read(content, chunk); count >= 0; count = read(content, chunk)) {
            size += count;
            if (size > blob.size()) {
                throw wrong(blob, "it sent more than the " + blob.size() + " bytes of blob " + blob.digest());
            }
            function.update(chunk, 0, count);
            ByteBuffer buffer = buffers.get().clear();
            store.files()
                    .write(draft.file().number(), buffer.put(chunk, 0, count).flip());
        }
        if (size != blob.size()) {
            throw wrong(blob, "it sent " + size + " bytes of the " + blob.size() + " of blob " + blob.digest());
        }
        Digest digest = Digest.finish(function);
        if (!digest.equals(blob.digest())) {
            throw wrong(blob, "what it sent for blob " + blob.digest() + " has the digest " + digest);
        }
    }

    private static int read(InputStream content, byte[] chunk) throws VeloException, IOException {
        try {
            return content.read(chunk, 0, chunk.length);
        } catch (FaultInStream e) {
            throw e.fault();
        }
    }

    private TransferException wrong(Blob blob, String reason) {
        return new TransferException(
                "cannot pull from " + from + ": " + reason,
                "nothing of it was kept; push the manifest again from a store that velo verify finds sound");
    }

    private synchronized boolean isDue(long size) {
        waitingBlobs++;
        waitingBytes += size;
        if (waitingBlobs < PUBLISH_BLOBS
                && waitingBytes < PUBLISH_BYTES
                && System.nanoTime() - published < PUBLISH_NANOS) {
            return false;
        }
        waitingBlobs = 0;
        waitingBytes = 0;
        published = System.nanoTime();
        return true;
    }

    /** Gives everything that has been proven its name in the store. */
    void publish() throws IOException {
        sealing.writeLock().lock();
        try {
            staging.commit();
        } finally {
            sealing.writeLock().unlock();
        }
    }

    long blobs() {
        return blobs.sum();
    }

    long bytes() {
        return bytes.sum();
    }
}
