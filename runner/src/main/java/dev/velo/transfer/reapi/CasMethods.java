package dev.velo.transfer.reapi;

import com.google.protobuf.MessageLite;
import dev.velo.transfer.wire.BatchReadBlobsRequest;
import dev.velo.transfer.wire.BatchReadBlobsResponse;
import dev.velo.transfer.wire.BatchUpdateBlobsRequest;
import dev.velo.transfer.wire.BatchUpdateBlobsResponse;
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
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.protobuf.lite.ProtoLiteUtils;

/** The seven calls that a transfer needs, by the names that they have on the wire. */
public final class CasMethods {
    private static final String STORAGE = "build.bazel.remote.execution.v2.ContentAddressableStorage";
    private static final String CAPABILITIES = "build.bazel.remote.execution.v2.Capabilities";
    private static final String BYTE_STREAM = "google.bytestream.ByteStream";

    public static final MethodDescriptor<GetCapabilitiesRequest, ServerCapabilities> GET_CAPABILITIES = method(
            CAPABILITIES,
            "GetCapabilities",
            MethodType.UNARY,
            GetCapabilitiesRequest.getDefaultInstance(),
            ServerCapabilities.getDefaultInstance());

    public static final MethodDescriptor<FindMissingBlobsRequest, FindMissingBlobsResponse> FIND_MISSING = method(
            STORAGE,
            "FindMissingBlobs",
            MethodType.UNARY,
            FindMissingBlobsRequest.getDefaultInstance(),
            FindMissingBlobsResponse.getDefaultInstance());

    public static final MethodDescriptor<BatchUpdateBlobsRequest, BatchUpdateBlobsResponse> BATCH_UPDATE = method(
            STORAGE,
            "BatchUpdateBlobs",
            MethodType.UNARY,
            BatchUpdateBlobsRequest.getDefaultInstance(),
            BatchUpdateBlobsResponse.getDefaultInstance());

    public static final MethodDescriptor<BatchReadBlobsRequest, BatchReadBlobsResponse> BATCH_READ = method(
            STORAGE,
            "BatchReadBlobs",
            MethodType.UNARY,
            BatchReadBlobsRequest.getDefaultInstance(),
            BatchReadBlobsResponse.getDefaultInstance());

    public static final MethodDescriptor<ReadRequest, ReadResponse> READ = method(
            BYTE_STREAM,
            "Read",
            MethodType.SERVER_STREAMING,
            ReadRequest.getDefaultInstance(),
            ReadResponse.getDefaultInstance());

    public static final MethodDescriptor<WriteRequest, WriteResponse> WRITE = method(
            BYTE_STREAM,
            "Write",
            MethodType.CLIENT_STREAMING,
            WriteRequest.getDefaultInstance(),
            WriteResponse.getDefaultInstance());

    public static final MethodDescriptor<QueryWriteStatusRequest, QueryWriteStatusResponse> QUERY_WRITE = method(
            BYTE_STREAM,
            "QueryWriteStatus",
            MethodType.UNARY,
            QueryWriteStatusRequest.getDefaultInstance(),
            QueryWriteStatusResponse.getDefaultInstance());

    private CasMethods() {}

    private static <Q extends MessageLite, A extends MessageLite> MethodDescriptor<Q, A> method(
            String service, String name, MethodType type, Q request, A answer) {
        return MethodDescriptor.<Q, A>newBuilder()
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(service, name))
                .setRequestMarshaller(ProtoLiteUtils.marshaller(request))
                .setResponseMarshaller(ProtoLiteUtils.marshaller(answer))
                .build();
    }
}
