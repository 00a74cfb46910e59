package dev.velo.it;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStream;
import com.google.protobuf.ByteString;
import dev.velo.transfer.reapi.CasMethods;
import dev.velo.transfer.wire.BatchReadBlobsRequest;
import dev.velo.transfer.wire.BatchReadBlobsResponse;
import dev.velo.transfer.wire.BatchUpdateBlobsRequest;
import dev.velo.transfer.wire.BatchUpdateBlobsResponse;
import dev.velo.transfer.wire.CacheCapabilities;
import dev.velo.transfer.wire.Compressor;
import dev.velo.transfer.wire.Digest;
import dev.velo.transfer.wire.DigestFunction;
import dev.velo.transfer.wire.FindMissingBlobsRequest;
import dev.velo.transfer.wire.FindMissingBlobsResponse;
import dev.velo.transfer.wire.GetCapabilitiesRequest;
import dev.velo.transfer.wire.QueryWriteStatusRequest;
import dev.velo.transfer.wire.QueryWriteStatusResponse;
import dev.velo.transfer.wire.ReadRequest;
import dev.velo.transfer.wire.ReadResponse;
import dev.velo.transfer.wire.ServerCapabilities;
import dev.velo.transfer.wire.WriteRequest;
import dev.velo.transfer.wire.WriteResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/** A Remote Execution cache in memory, on loopback. Checks what a client sends as a strict server would; {@link #mischief} makes it a bad one. */
final class FakeCache implements AutoCloseable {
    private static final String STORAGE = "build.bazel.remote.execution.v2.ContentAddressableStorage";

    /** Ways to be a bad server, or to have bad luck. */
    static final class Mischief {
        /** What travels instead of a blob's content. */
        volatile UnaryOperator<byte[]> served = content -> content;

        volatile boolean stalls;
        volatile boolean hasEverything;
        volatile boolean missesWhatNobodyOffered;
        volatile boolean forgets;
        volatile boolean endsStreamsEarly;
        volatile boolean answersForOthers;
        volatile long pauseMillis;
        /** So many calls are refused at first. */
        final AtomicInteger unavailable = new AtomicInteger();
        /** A stream breaks once, after so many bytes. */
        final AtomicLong breakAfter = new AtomicLong(Long.MAX_VALUE);
    }

    final Mischief mischief = new Mischief();
    final Map<String, byte[]> blobs = new ConcurrentHashMap<>();
    final AtomicInteger received = new AtomicInteger();
    final AtomicInteger served = new AtomicInteger();
    final AtomicInteger compressed = new AtomicInteger();
    final AtomicLong receivedBytes = new AtomicLong();
    final AtomicLong largestBatch = new AtomicLong();
    final Queue<String> authorizations = new ConcurrentLinkedQueue<>();
    final Queue<Long> firstOffsets = new ConcurrentLinkedQueue<>();

    private final Map<String, ByteArrayOutputStream> uploads = new ConcurrentHashMap<>();
    private final String instance;
    private final long maxBatch;
    private final boolean zstd;
    private final Server server;
    private final String scheme;

    FakeCache(String instance, long maxBatch, boolean zstd) throws IOException {
        this(instance, maxBatch, zstd, InsecureServerCredentials.create());
    }

    FakeCache(String instance, long maxBatch, boolean zstd, ServerCredentials credentials) throws IOException {
        this.instance = instance;
        this.maxBatch = maxBatch;
        this.zstd = zstd;
        this.scheme = credentials instanceof InsecureServerCredentials ? "grpc" : "grpcs";
        this.server = Grpc.newServerBuilderForPort(0, credentials)
                .addService(watched(ServerServiceDefinition.builder("build.bazel.remote.execution.v2.Capabilities")
                        .addMethod(CasMethods.GET_CAPABILITIES, ServerCalls.asyncUnaryCall(this::capabilities))
                        .build()))
                .addService(watched(ServerServiceDefinition.builder(STORAGE)
                        .addMethod(CasMethods.FIND_MISSING, ServerCalls.asyncUnaryCall(this::findMissing))
                        .addMethod(CasMethods.BATCH_UPDATE, ServerCalls.asyncUnaryCall(this::batchUpdate))
                        .addMethod(CasMethods.BATCH_READ, ServerCalls.asyncUnaryCall(this::batchRead))
                        .build()))
                .addService(watched(ServerServiceDefinition.builder("google.bytestream.ByteStream")
                        .addMethod(CasMethods.READ, ServerCalls.asyncServerStreamingCall(this::read))
                        .addMethod(CasMethods.WRITE, ServerCalls.asyncClientStreamingCall(this::write))
                        .addMethod(CasMethods.QUERY_WRITE, ServerCalls.asyncUnaryCall(this::queryWrite))
                        .build()))
                .build()
                .start();
    }

    private ServerServiceDefinition watched(ServerServiceDefinition service) {
        return ServerInterceptors.intercept(service, new ServerInterceptor() {
            @Override
            public <Q, A> ServerCall.Listener<Q> interceptCall(
                    ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
                String authorization = headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER));
                if (authorization != null) {
                    authorizations.add(authorization);
                }
                if (mischief.unavailable.getAndDecrement() > 0) {
                    call.close(Status.UNAVAILABLE.withDescription("restarting"), new Metadata());
                    return new ServerCall.Listener<>() {};
                }
                return next.startCall(call, headers);
            }
        });
    }

    String address() {
        return scheme + "://localhost:" + server.getPort() + (instance.isEmpty() ? "" : "/" + instance);
    }

    void put(byte[] content) {
        blobs.put(name(content), content);
    }

    static String name(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content)) + "/"
                    + content.length;
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String name(Digest digest) {
        return digest.getHash() + "/" + digest.getSizeBytes();
    }

    private boolean isStranger(String name, StreamObserver<?> out) {
        if (!name.equals(instance)) {
            out.onError(Status.INVALID_ARGUMENT
                    .withDescription("no instance " + name)
                    .asRuntimeException());
            return true;
        }
        return false;
    }

    private static <T> void answer(StreamObserver<T> out, T message) {
        out.onNext(message);
        out.onCompleted();
    }

    private void capabilities(GetCapabilitiesRequest request, StreamObserver<ServerCapabilities> out) {
        CacheCapabilities.Builder cache = CacheCapabilities.newBuilder()
                .addDigestFunctions(DigestFunction.Value.SHA256)
                .setMaxBatchTotalSizeBytes(maxBatch);
        if (zstd) {
            cache.addSupportedCompressors(Compressor.Value.ZSTD)
                    .addSupportedBatchUpdateCompressors(Compressor.Value.ZSTD);
        }
        answer(out, ServerCapabilities.newBuilder().setCacheCapabilities(cache).build());
    }

    private void findMissing(FindMissingBlobsRequest request, StreamObserver<FindMissingBlobsResponse> out) {
        if (isStranger(request.getInstanceName(), out)) {
            return;
        }
        FindMissingBlobsResponse.Builder answer = FindMissingBlobsResponse.newBuilder();
        for (Digest digest : request.getBlobDigestsList()) {
            if (!mischief.hasEverything && !blobs.containsKey(name(digest))) {
                answer.addMissingBlobDigests(digest);
            }
        }
        if (mischief.missesWhatNobodyOffered) {
            answer.addMissingBlobDigests(
                    Digest.newBuilder().setHash("ab".repeat(32)).setSizeBytes(1));
        }
        answer(out, answer.build());
    }

    private void batchUpdate(BatchUpdateBlobsRequest request, StreamObserver<BatchUpdateBlobsResponse> out) {
        if (isStranger(request.getInstanceName(), out)) {
            return;
        }
        BatchUpdateBlobsResponse.Builder answer = BatchUpdateBlobsResponse.newBuilder();
        long total = 0;
        for (BatchUpdateBlobsRequest.Request item : request.getRequestsList()) {
            total += item.getDigest().getSizeBytes();
            byte[] content = item.getData().toByteArray();
            if (item.getCompressor() == Compressor.Value.ZSTD) {
                compressed.incrementAndGet();
                content = Zstd.decompress(content, (int) item.getDigest().getSizeBytes());
            }
            boolean right = name(content).equals(name(item.getDigest()));
            if (right) {
                keep(content);
            }
            answer.addResponses(BatchUpdateBlobsResponse.Response.newBuilder()
                    .setDigest(item.getDigest())
                    .setStatus(dev.velo.transfer.wire.Status.newBuilder()
                            .setCode(right ? 0 : Status.Code.INVALID_ARGUMENT.value())));
        }
        long size = total;
        largestBatch.accumulateAndGet(size, Math::max);
        if (maxBatch > 0 && size > maxBatch) {
            out.onError(
                    Status.INVALID_ARGUMENT.withDescription("batch too large").asRuntimeException());
        } else {
            answer(out, answer.build());
        }
    }

    private void keep(byte[] content) {
        received.incrementAndGet();
        receivedBytes.addAndGet(content.length);
        if (!mischief.forgets) {
            put(content);
        }
    }

    private void batchRead(BatchReadBlobsRequest request, StreamObserver<BatchReadBlobsResponse> out) {
        if (isStranger(request.getInstanceName(), out) || mischief.stalls) {
            return;
        }
        pause();
        BatchReadBlobsResponse.Builder answer = BatchReadBlobsResponse.newBuilder();
        for (Digest digest : request.getDigestsList()) {
            BatchReadBlobsResponse.Response.Builder item = BatchReadBlobsResponse.Response.newBuilder();
            item.setDigest(
                    mischief.answersForOthers
                            ? digest.toBuilder().setHash("cd".repeat(32)).build()
                            : digest);
            byte[] content = blobs.get(name(digest));
            if (content == null) {
                item.setStatus(dev.velo.transfer.wire.Status.newBuilder().setCode(Status.Code.NOT_FOUND.value()));
            } else {
                served.incrementAndGet();
                content = mischief.served.apply(content);
                if (request.getAcceptableCompressorsList().contains(Compressor.Value.ZSTD)) {
                    compressed.incrementAndGet();
                    content = Zstd.compress(content);
                    item.setCompressor(Compressor.Value.ZSTD);
                }
                item.setData(ByteString.copyFrom(content));
            }
            answer.addResponses(item);
        }
        answer(out, answer.build());
    }

    private void pause() {
        if (mischief.pauseMillis > 0) {
            Command.pause(mischief.pauseMillis);
        }
    }

    /** {@code [INSTANCE/][uploads/UUID/](blobs|compressed-blobs/zstd)/HASH/SIZE}. */
    private String blobOf(String resource, StreamObserver<?> out) {
        String prefix = instance.isEmpty() ? "" : instance + "/";
        String rest = resource.startsWith(prefix) ? resource.substring(prefix.length()) : "?";
        List<String> parts = Arrays.asList(rest.split("/"));
        if (parts.size() < 3
                || !rest.matches("(uploads/[0-9a-f-]{36}/)?(blobs|compressed-blobs/zstd)/[0-9a-f]{64}/[0-9]+")) {
            out.onError(Status.INVALID_ARGUMENT.withDescription(resource).asRuntimeException());
            return null;
        }
        return parts.get(parts.size() - 2) + "/" + parts.get(parts.size() - 1);
    }

    private void read(ReadRequest request, StreamObserver<ReadResponse> out) {
        String name = blobOf(request.getResourceName(), out);
        if (name == null || mischief.stalls) {
            return;
        }
        byte[] whole = blobs.get(name);
        if (whole == null) {
            out.onError(Status.NOT_FOUND.asRuntimeException());
            return;
        }
        byte[] content = mischief.served.apply(whole);
        content = Arrays.copyOfRange(content, (int) request.getReadOffset(), content.length);
        firstOffsets.add(request.getReadOffset());
        if (request.getResourceName().contains("compressed-blobs/")) {
            compressed.incrementAndGet();
            content = Zstd.compress(content);
        }
        int end = mischief.endsStreamsEarly ? content.length / 2 : content.length;
        for (int at = 0; at < end; at += 64 << 10) {
            pause();
            int next = Math.min(end, at + (64 << 10));
            if (at > mischief.breakAfter.get()) {
                mischief.breakAfter.set(Long.MAX_VALUE);
                out.onError(Status.UNAVAILABLE.asRuntimeException());
                return;
            }
            out.onNext(ReadResponse.newBuilder()
                    .setData(ByteString.copyFrom(content, at, next - at))
                    .build());
        }
        served.incrementAndGet();
        out.onCompleted();
    }

    private StreamObserver<WriteRequest> write(StreamObserver<WriteResponse> out) {
        return new StreamObserver<>() {
            private String resource;
            private boolean over;

            @Override
            public void onNext(WriteRequest request) {
                if (over || mischief.stalls) {
                    return;
                }
                String name = blobOf(request.getResourceName(), out);
                if (name == null) {
                    over = true;
                    return;
                }
                if (resource == null) {
                    resource = request.getResourceName();
                    firstOffsets.add(request.getWriteOffset());
                }
                ByteArrayOutputStream upload = uploads.computeIfAbsent(resource, key -> new ByteArrayOutputStream());
                if (upload.size() != request.getWriteOffset()) {
                    fail(Status.INVALID_ARGUMENT.withDescription("offset " + request.getWriteOffset()));
                    return;
                }
                pause();
                upload.writeBytes(request.getData().toByteArray());
                if (upload.size() > mischief.breakAfter.get()) {
                    mischief.breakAfter.set(Long.MAX_VALUE);
                    fail(Status.UNAVAILABLE);
                } else if (request.getFinishWrite()) {
                    finish(name, uploads.remove(resource).toByteArray());
                }
            }

            private void finish(String name, byte[] travelled) {
                byte[] content = travelled;
                if (resource.contains("compressed-blobs/")) {
                    compressed.incrementAndGet();
                    try (ZstdInputStream in = new ZstdInputStream(new ByteArrayInputStream(travelled))) {
                        content = in.readAllBytes();
                    } catch (IOException e) {
                        fail(Status.INVALID_ARGUMENT.withDescription("no zstd"));
                        return;
                    }
                }
                over = true;
                if (name(content).equals(name)) {
                    keep(content);
                    answer(
                            out,
                            WriteResponse.newBuilder()
                                    .setCommittedSize(travelled.length)
                                    .build());
                } else {
                    out.onError(Status.INVALID_ARGUMENT
                            .withDescription("wrong digest")
                            .asRuntimeException());
                }
            }

            private void fail(Status status) {
                over = true;
                out.onError(status.asRuntimeException());
            }

            @Override
            public void onError(Throwable cause) {
                over = true;
            }

            @Override
            public void onCompleted() {
                over = true;
            }
        };
    }

    private void queryWrite(QueryWriteStatusRequest request, StreamObserver<QueryWriteStatusResponse> out) {
        String name = blobOf(request.getResourceName(), out);
        if (name == null) {
            return;
        }
        ByteArrayOutputStream upload = uploads.get(request.getResourceName());
        answer(
                out,
                QueryWriteStatusResponse.newBuilder()
                        .setCommittedSize(upload == null ? 0 : upload.size())
                        .setComplete(blobs.containsKey(name))
                        .build());
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
