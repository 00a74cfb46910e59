package dev.velo.transfer.reapi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import dev.velo.cas.Digest;
import dev.velo.transfer.Blob;
import dev.velo.transfer.TransferException;
import dev.velo.transfer.wire.BatchReadBlobsResponse;
import dev.velo.transfer.wire.BatchUpdateBlobsRequest;
import dev.velo.transfer.wire.CacheCapabilities;
import dev.velo.transfer.wire.Compressor;
import dev.velo.transfer.wire.FindMissingBlobsResponse;
import dev.velo.transfer.wire.QueryWriteStatusResponse;
import dev.velo.transfer.wire.ReadResponse;
import dev.velo.transfer.wire.ServerCapabilities;
import dev.velo.transfer.wire.Status;
import dev.velo.transfer.wire.WriteRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the protocol says in bytes, written down by hand: the tests against a cache of our own could agree on a wrong number. */
class WireTest {
    private static final dev.velo.transfer.wire.Digest AB = dev.velo.transfer.wire.Digest.newBuilder()
            .setHash("ab")
            .setSizeBytes(5)
            .build();

    private static void isOnTheWire(MessageLite message, String hex) {
        assertThat(HexFormat.of().formatHex(message.toByteArray())).isEqualTo(hex.replace(" ", ""));
    }

    @Test
    void numbersOfTheFields() {
        isOnTheWire(AB, "0a02 6162 1005");
        isOnTheWire(
                FindMissingBlobsResponse.newBuilder().addMissingBlobDigests(AB).build(), "1206 0a02 6162 1005");
        isOnTheWire(
                BatchUpdateBlobsRequest.newBuilder()
                        .setInstanceName("i")
                        .addRequests(BatchUpdateBlobsRequest.Request.newBuilder()
                                .setDigest(AB)
                                .setData(ByteString.copyFromUtf8("d"))
                                .setCompressor(Compressor.Value.ZSTD))
                        .build(),
                "0a0169 120d 0a06 0a02 6162 1005 1201 64 1801");
        isOnTheWire(
                BatchReadBlobsResponse.newBuilder()
                        .addResponses(BatchReadBlobsResponse.Response.newBuilder()
                                .setDigest(AB)
                                .setData(ByteString.copyFromUtf8("d"))
                                .setStatus(Status.newBuilder().setCode(5).setMessage("m"))
                                .setCompressor(Compressor.Value.ZSTD))
                        .build(),
                "0a14 0a06 0a02 6162 1005 1201 64 1a05 0805 1201 6d 2001");
        isOnTheWire(
                ServerCapabilities.newBuilder()
                        .setCacheCapabilities(CacheCapabilities.newBuilder()
                                .addDigestFunctionsValue(1)
                                .setMaxBatchTotalSizeBytes(9)
                                .addSupportedCompressors(Compressor.Value.ZSTD)
                                .addSupportedBatchUpdateCompressors(Compressor.Value.ZSTD))
                        .build(),
                "0a0b 0a0101 2009 320101 3a0101");
        isOnTheWire(
                WriteRequest.newBuilder()
                        .setResourceName("r")
                        .setWriteOffset(3)
                        .setFinishWrite(true)
                        .setData(ByteString.copyFromUtf8("d"))
                        .build(),
                "0a0172 1003 1801 520164");
        isOnTheWire(
                ReadResponse.newBuilder().setData(ByteString.copyFromUtf8("d")).build(), "520164");
        isOnTheWire(
                QueryWriteStatusResponse.newBuilder()
                        .setCommittedSize(7)
                        .setComplete(true)
                        .build(),
                "0807 1001");
    }

    @Test
    void addresses() {
        GrpcAddress address = GrpcAddress.parse("grpc://[::1]:8980/main/one/").orElseThrow();
        assertThat(address.host()).isEqualTo("[::1]");
        assertThat(address.port()).isEqualTo(8980);
        assertThat(address.instance()).isEqualTo("main/one");
        assertThat(address.tls()).isFalse();
        assertThat(GrpcAddress.parse("grpcs://cache.example").orElseThrow().port())
                .isEqualTo(443);
        for (String bad : new String[] {
            "",
            "cache:80",
            "http://x:1",
            "grpc://x",
            "grpc://:1",
            "grpc://x:0",
            "grpc://x:99999",
            "grpc://u@x:1",
            "grpc://x:1?q"
        }) {
            assertThat(GrpcAddress.parse(bad)).as(bad).isEmpty();
        }
    }

    @Test
    void batchesStayWithinTheServersLimit() throws Exception {
        Faults faults = new Faults(GrpcAddress.parse("grpc://x:1").orElseThrow(), Duration.ofSeconds(1));
        Limits limits = Limits.of(
                CacheCapabilities.newBuilder().setMaxBatchTotalSizeBytes(10_000).build(), true, faults);
        List<Blob> blobs = new ArrayList<>();
        for (int size = 1; size < 12_000; size += 97) {
            blobs.add(new Blob(Digest.of(new byte[size]), size));
        }
        List<List<Blob>> batches = limits.batches(blobs);
        assertThat(batches)
                .allMatch(batch -> batch.stream().mapToLong(Blob::size).sum() <= 10_000);
        List<Blob> all = new ArrayList<>(blobs.stream().filter(limits::isLarge).toList());
        assertThat(all).allMatch(blob -> blob.size() > 9_000);
        batches.forEach(all::addAll);
        assertThat(all).containsExactlyInAnyOrderElementsOf(blobs);

        CacheCapabilities other =
                CacheCapabilities.newBuilder().addDigestFunctionsValue(9).build();
        assertThatThrownBy(() -> Limits.of(other, true, faults))
                .isInstanceOf(TransferException.class)
                .hasMessageContaining("SHA-256");
    }
}
