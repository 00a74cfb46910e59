package dev.velo.transfer.reapi;

import com.google.protobuf.ByteString;
import dev.velo.transfer.Blob;
import dev.velo.transfer.FaultInStream;
import dev.velo.transfer.TransferException;
import dev.velo.transfer.wire.ReadRequest;
import dev.velo.transfer.wire.ReadResponse;
import io.grpc.CallOptions;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The content of one blob as a stream. Where the server goes away in the middle, it is asked again for the rest. Holds one message at a
 * time. Reading throws {@link FaultInStream} for what the user is to be told, and {@link Absent} where the server has no such blob.
 */
final class Download extends InputStream {
    private final Connection connection;
    private final String resource;
    private final Blob blob;
    private final boolean compressed;
    private final Attempts attempts;
    private InputStream in;
    private long delivered;

    Download(Connection connection, ResourceNames names, Blob blob, boolean compressed) throws IOException {
        this.connection = connection;
        this.resource = names.read(blob, compressed);
        this.blob = blob;
        this.compressed = compressed;
        this.attempts = connection.attempts();
        this.in = open();
    }

    private InputStream open() throws IOException {
        Pieces pieces = new Pieces(delivered);
        return compressed ? Zstandard.decompressing(pieces, connection.faults()) : pieces;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int at, int length) throws IOException {
        while (true) {
            try {
                int count = in.read(into, at, length);
                if (count > 0) {
                    delivered += count;
                    attempts.progressed();
                }
                return count;
            } catch (Unavailable e) {
                if (delivered == blob.size()) {
                    return -1;
                }
                pause(e.status());
                in.close();
                in = open();
            }
        }
    }

    private void pause(Status status) throws FaultInStream {
        try {
            attempts.failed(status);
        } catch (TransferException e) {
            throw new FaultInStream(e);
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    /** What travels, from an offset of the content on, in one call. */
    private final class Pieces extends InputStream {
        private final BlockingClientCall<ReadRequest, ReadResponse> call;
        private InputStream current = InputStream.nullInputStream();
        private long allowed;
        private boolean ended;

        Pieces(long offset) {
            // A stream has one byte more than the blob at most before the reader of it ends it; a compressed one may
            // never give any.
            allowed = compressed ? Zstandard.bound(blob.size()) : Long.MAX_VALUE;
            call = ClientCalls.blockingV2ServerStreamingCall(
                    connection.channel(),
                    CasMethods.READ,
                    CallOptions.DEFAULT,
                    ReadRequest.newBuilder()
                            .setResourceName(resource)
                            .setReadOffset(offset)
                            .build());
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] into, int at, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            while (true) {
                int count = current.read(into, at, length);
                if (count > 0 || ended) {
                    return count;
                }
                next();
            }
        }

        /** Empty messages are no progress. */
        private void next() throws IOException {
            long deadline = System.nanoTime() + connection.timeout().toNanos();
            try {
                for (long left = connection.timeout().toNanos(); left > 0; left = deadline - System.nanoTime()) {
                    ReadResponse answer = call.read(left, TimeUnit.NANOSECONDS);
                    if (answer == null) {
                        ended = true;
                        return;
                    }
                    ByteString data = answer.getData();
                    if (!data.isEmpty()) {
                        allowed -= data.size();
                        if (allowed < 0) {
                            throw new FaultInStream(connection
                                    .faults()
                                    .broken("it sent more for blob " + blob.digest() + " than its content can take"));
                        }
                        current = data.newInput();
                        return;
                    }
                }
                throw new FaultInStream(connection.faults().stalled());
            } catch (TimeoutException e) {
                throw new FaultInStream(connection.faults().stalled());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new FaultInStream(connection.faults().interrupted());
            } catch (StatusException e) {
                throw failure(e.getStatus());
            }
        }

        private IOException failure(Status status) {
            return switch (status.getCode()) {
                case UNAVAILABLE -> new Unavailable(status);
                case NOT_FOUND -> new Absent();
                default -> new FaultInStream(connection.faults().of(status));
            };
        }

        @Override
        public void close() {
            if (!ended) {
                call.cancel("no longer needed", null);
            }
        }
    }
}
