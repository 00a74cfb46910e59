package dev.velo.transfer.reapi;

import dev.velo.transfer.Blob;
import dev.velo.transfer.TransferException;
import dev.velo.transfer.wire.CacheCapabilities;
import dev.velo.transfer.wire.Compressor;
import dev.velo.transfer.wire.DigestFunction;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;

/**
 * What a server can do.
 *
 * @param batchBytes of the contents in one batch together, at most
 * @param compressedStreams blobs may travel compressed in streams and be answered so in batches
 * @param compressedUpdates batches to the server may hold compressed contents
 */
record Limits(long batchBytes, boolean compressedStreams, boolean compressedUpdates) {
    /** Servers refuse messages of more than 4 MiB unless they are told otherwise; some of that is not content. */
    private static final long MESSAGE = (4 << 20) - (256 << 10);

    /** What a blob takes in a message beside its content. */
    private static final int OVERHEAD = 128;

    private static final int BATCH_COUNT = 2000;

    static Limits of(CacheCapabilities server, boolean zstd, Faults faults) throws TransferException {
        if (server.getDigestFunctionsCount() > 0
                && !server.getDigestFunctionsList().contains(DigestFunction.Value.SHA256)) {
            throw faults.broken("it does not store blobs by SHA-256");
        }
        long batch = server.getMaxBatchTotalSizeBytes();
        return new Limits(
                batch <= 0 ? MESSAGE : Math.min(MESSAGE, batch),
                zstd && server.getSupportedCompressorsList().contains(Compressor.Value.ZSTD),
                zstd && server.getSupportedBatchUpdateCompressorsList().contains(Compressor.Value.ZSTD));
    }

    /** True for a blob that travels alone, as a stream. */
    boolean isLarge(Blob blob) {
        return blob.size() + OVERHEAD > batchBytes;
    }

    /** The other blobs in groups that fit. */
    List<List<Blob>> batches(Collection<Blob> blobs) {
        List<List<Blob>> batches = new ArrayList<>();
        List<Blob> batch = new ArrayList<>();
        long bytes = 0;
        for (Blob blob : blobs) {
            if (isLarge(blob)) {
                continue;
            }
            if (batch.size() >= BATCH_COUNT || bytes + blob.size() + OVERHEAD > batchBytes) {
                batches.add(batch);
                batch = new ArrayList<>();
                bytes = 0;
            }
            batch.add(blob);
            bytes += blob.size() + OVERHEAD;
        }
        if (!batch.isEmpty()) {
            batches.add(batch);
        }
        return batches;
    }
}
