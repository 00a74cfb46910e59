package dev.velo.transfer.reapi;

import dev.velo.cas.VeloException;
import dev.velo.transfer.Blob;
import dev.velo.transfer.BlobSink;
import dev.velo.transfer.BlobSource;
import dev.velo.transfer.Destination;
import dev.velo.transfer.ManifestBytes;
import dev.velo.transfer.ManifestReference;
import dev.velo.transfer.Origin;
import dev.velo.transfer.TransferException;
import dev.velo.transfer.wire.CacheCapabilities;
import dev.velo.transfer.wire.Compressor;
import dev.velo.transfer.wire.GetCapabilitiesRequest;
import dev.velo.transfer.wire.ServerCapabilities;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The content-addressed storage of a Remote Execution server. Small blobs travel in batches, large ones as streams, compressed where the
 * server can. A manifest is a blob like any other there, so its reference needs the size as well as the digest.
 */
public final class GrpcRemote implements Destination, Origin {
    private final Connection connection;
    private final GrpcAddress address;
    private final Limits limits;
    private final Batches batches;
    private final ResourceNames names;

    private final boolean uncompressed;

    private GrpcRemote(Connection connection, GrpcAddress address, Limits limits, boolean uncompressed) {
        this.connection = connection;
        this.address = address;
        this.limits = limits;
        this.uncompressed = uncompressed;
        this.batches = new Batches(connection, address.instance(), limits);
        this.names = new ResourceNames(address.instance());
    }

    /** Asks the server what it can do. */
    public static GrpcRemote connect(GrpcAddress address, GrpcSettings settings) throws TransferException {
        Connection connection = Connection.open(address, settings);
        try {
            ServerCapabilities capabilities = connection.call(
                    CasMethods.GET_CAPABILITIES,
                    GetCapabilitiesRequest.newBuilder()
                            .setInstanceName(address.instance())
                            .build(),
                    code -> code == Status.Code.UNIMPLEMENTED,
                    ServerCapabilities.getDefaultInstance());
            CacheCapabilities cache = capabilities.getCacheCapabilities();
            boolean offered = cache.getSupportedCompressorsList().contains(Compressor.Value.ZSTD);
            boolean zstd = offered && Zstandard.isAvailable();
            Limits limits = Limits.of(cache, zstd, connection.faults());
            return new GrpcRemote(connection, address, limits, offered && !zstd);
        } catch (TransferException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    /** True where the server would compress and this machine cannot: the zstd library does not load. */
    public boolean isUncompressed() {
        return uncompressed;
    }

    @Override
    public List<Blob> missing(Collection<Blob> blobs) throws TransferException {
        return batches.missing(blobs);
    }

    @Override
    public void put(Collection<Blob> blobs, BlobSource source) throws VeloException, IOException {
        List<Lanes.Task> tasks = new ArrayList<>();
        for (List<Blob> batch : limits.batches(blobs)) {
            tasks.add(() -> {
                for (Blob rest : batches.put(batch, source)) {
                    send(rest, source);
                }
            });
        }
        blobs.stream().filter(limits::isLarge).forEach(blob -> tasks.add(() -> send(blob, source)));
        Lanes.run(tasks, connection.faults());
    }

    private void send(Blob blob, BlobSource source) throws TransferException, IOException {
        new Upload(connection, names, blob, limits.compressedStreams())
                .send(source, ResourceNames.upload(source.name(), blob));
    }

    @Override
    public boolean publish(Blob manifest, byte[] bytes) throws VeloException, IOException {
        if (missing(List.of(manifest)).isEmpty()) {
            return false;
        }
        put(List.of(manifest), new BlobSource() {
            @Override
            public InputStream open(Blob blob) {
                return new ByteArrayInputStream(bytes);
            }

            @Override
            public String name() {
                return manifest.toString();
            }
        });
        if (!missing(List.of(manifest)).isEmpty()) {
            throw connection.faults().broken("it took the manifest and does not have it");
        }
        return true;
    }

    @Override
    public byte[] manifest(Optional<ManifestReference> wanted) throws VeloException, IOException {
        if (wanted.isEmpty() || wanted.get().size().isEmpty()) {
            throw new TransferException(
                    "cannot pull from " + address.text() + ": the manifest's size is not given",
                    "name it as velo push prints it: HEX/SIZE");
        }
        Blob blob = new Blob(wanted.get().digest(), wanted.get().size().getAsLong());
        AtomicReference<byte[]> bytes = new AtomicReference<>();
        List<Blob> absent = get(
                List.of(blob), (same, content) -> bytes.set(ManifestBytes.read(content, same.size(), address.text())));
        if (!absent.isEmpty()) {
            throw new TransferException(
                    "cannot pull from " + address.text() + ": it does not have manifest " + blob,
                    "look whether the reference is the one that velo push printed, or push the manifest again");
        }
        return bytes.get();
    }

    @Override
    public List<Blob> get(Collection<Blob> blobs, BlobSink sink) throws VeloException, IOException {
        List<Blob> absent = Collections.synchronizedList(new ArrayList<>());
        List<Lanes.Task> tasks = new ArrayList<>();
        for (List<Blob> batch : limits.batches(blobs)) {
            tasks.add(() -> {
                Batches.Rest rest = batches.get(batch, sink);
                absent.addAll(rest.absent());
                for (Blob blob : rest.streams()) {
                    receive(blob, sink, absent);
                }
            });
        }
        blobs.stream().filter(limits::isLarge).forEach(blob -> tasks.add(() -> receive(blob, sink, absent)));
        Lanes.run(tasks, connection.faults());
        return absent;
    }

    private void receive(Blob blob, BlobSink sink, List<Blob> absent) throws VeloException, IOException {
        try (Download download = new Download(connection, names, blob, limits.compressedStreams())) {
            sink.accept(blob, download);
        } catch (Absent e) {
            absent.add(blob);
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}
