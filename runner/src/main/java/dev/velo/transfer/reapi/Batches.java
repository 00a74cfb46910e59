package dev.velo.transfer.reapi;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.velo.cas.VeloException;
import dev.velo.transfer.Blob;
import dev.velo.transfer.BlobSink;
import dev.velo.transfer.BlobSource;
import dev.velo.transfer.TransferException;
import dev.velo.transfer.wire.BatchReadBlobsRequest;
import dev.velo.transfer.wire.BatchReadBlobsResponse;
import dev.velo.transfer.wire.BatchUpdateBlobsRequest;
import dev.velo.transfer.wire.BatchUpdateBlobsResponse;
import dev.velo.transfer.wire.Compressor;
import dev.velo.transfer.wire.Digest;
import dev.velo.transfer.wire.FindMissingBlobsRequest;
import dev.velo.transfer.wire.FindMissingBlobsResponse;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Many blobs in one message. Whatever the server answers is held against what it was asked. */
final class Batches {
    /** Compressing less gives nothing. */
    private static final int WORTHWHILE = 512;

    private static final int QUESTIONS = 10_000;

    /** What a batch could not do for a blob: the server lacks it, or wants it in a stream. */
    record Rest(List<Blob> absent, List<Blob> streams) {}

    private final Connection connection;
    private final String instance;
    private final Limits limits;

    Batches(Connection connection, String instance, Limits limits) {
        this.connection = connection;
        this.instance = instance;
        this.limits = limits;
    }

    static Digest wire(Blob blob) {
        return Digest.newBuilder()
                .setHash(blob.digest().toHex())
                .setSizeBytes(blob.size())
                .build();
    }

    private static Map<Digest, Blob> byName(Collection<Blob> blobs) {
        Map<Digest, Blob> names = new LinkedHashMap<>();
        blobs.forEach(blob -> names.put(wire(blob), blob));
        return names;
    }

    List<Blob> missing(Collection<Blob> blobs) throws TransferException {
        List<Blob> all = List.copyOf(blobs);
        List<Blob> missing = new ArrayList<>();
        for (int at = 0; at < all.size(); at += QUESTIONS) {
            Map<Digest, Blob> asked = byName(all.subList(at, Math.min(all.size(), at + QUESTIONS)));
            FindMissingBlobsResponse answer = connection.call(
                    CasMethods.FIND_MISSING,
                    FindMissingBlobsRequest.newBuilder()
                            .setInstanceName(instance)
                            .addAllBlobDigests(asked.keySet())
                            .build());
            for (Digest digest : answer.getMissingBlobDigestsList()) {
                Blob blob = asked.remove(digest);
                if (blob == null) {
                    throw connection.faults().broken("it misses a blob that was not offered");
                }
                missing.add(blob);
            }
        }
        return missing;
    }

    /** Sends a batch; returns what is to be sent in streams. */
    List<Blob> put(List<Blob> batch, BlobSource source) throws TransferException, IOException {
        BatchUpdateBlobsRequest.Builder request =
                BatchUpdateBlobsRequest.newBuilder().setInstanceName(instance);
        for (Blob blob : batch) {
            try (InputStream in = source.open(blob)) {
                request.addRequests(content(blob, in.readAllBytes()));
            }
        }
        Map<Digest, Blob> asked = byName(batch);
        BatchUpdateBlobsResponse answer = connection.call(CasMethods.BATCH_UPDATE, request.build());
        List<Blob> streams = new ArrayList<>();
        for (BatchUpdateBlobsResponse.Response item : answer.getResponsesList()) {
            Blob blob = taken(asked, item.getDigest());
            if (item.getStatus().getCode() != Status.Code.OK.value()) {
                streams.add(blob);
            }
        }
        streams.addAll(asked.values());
        return streams;
    }

    private BatchUpdateBlobsRequest.Request content(Blob blob, byte[] content) {
        BatchUpdateBlobsRequest.Request.Builder item =
                BatchUpdateBlobsRequest.Request.newBuilder().setDigest(wire(blob));
        if (limits.compressedUpdates() && content.length >= WORTHWHILE) {
            byte[] smaller = Zstandard.compress(content);
            if (smaller.length < content.length) {
                return item.setData(UnsafeByteOperations.unsafeWrap(smaller))
                        .setCompressor(Compressor.Value.ZSTD)
                        .build();
            }
        }
        return item.setData(UnsafeByteOperations.unsafeWrap(content)).build();
    }

    /** Fetches a batch. What the server leaves out or fails at is to be read in streams, which tell why. */
    Rest get(List<Blob> batch, BlobSink sink) throws VeloException, IOException {
        Map<Digest, Blob> asked = byName(batch);
        BatchReadBlobsRequest.Builder request =
                BatchReadBlobsRequest.newBuilder().setInstanceName(instance).addAllDigests(asked.keySet());
        if (limits.compressedStreams()) {
            request.addAcceptableCompressors(Compressor.Value.ZSTD);
        }
        BatchReadBlobsResponse answer = connection.call(CasMethods.BATCH_READ, request.build());
        Rest rest = new Rest(new ArrayList<>(), new ArrayList<>());
        for (BatchReadBlobsResponse.Response item : answer.getResponsesList()) {
            Blob blob = taken(asked, item.getDigest());
            if (item.getStatus().getCode() == Status.Code.OK.value()) {
                try (InputStream content = opened(item)) {
                    sink.accept(blob, content);
                }
            } else if (item.getStatus().getCode() == Status.Code.NOT_FOUND.value()) {
                rest.absent().add(blob);
            } else {
                rest.streams().add(blob);
            }
        }
        rest.streams().addAll(asked.values());
        return rest;
    }

    private InputStream opened(BatchReadBlobsResponse.Response item) throws TransferException, IOException {
        ByteString data = item.getData();
        if (item.getCompressor() == Compressor.Value.IDENTITY) {
            return data.newInput();
        }
        if (item.getCompressor() == Compressor.Value.ZSTD && limits.compressedStreams()) {
            return Zstandard.decompressing(data.newInput(), connection.faults());
        }
        throw connection.faults().broken("it sent a blob in a form that was not asked for");
    }

    private Blob taken(Map<Digest, Blob> asked, Digest digest) throws TransferException {
        Blob blob = asked.remove(digest);
        if (blob == null) {
            throw connection.faults().broken("it answered for a blob that was not asked for, or twice for one");
        }
        return blob;
    }
}
