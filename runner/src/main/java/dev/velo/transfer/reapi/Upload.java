package dev.velo.transfer.reapi;

import com.google.protobuf.ByteString;
import dev.velo.transfer.Blob;
import dev.velo.transfer.BlobSource;
import dev.velo.transfer.FaultInStream;
import dev.velo.transfer.TransferException;
import dev.velo.transfer.wire.QueryWriteStatusRequest;
import dev.velo.transfer.wire.QueryWriteStatusResponse;
import dev.velo.transfer.wire.WriteRequest;
import dev.velo.transfer.wire.WriteResponse;
import io.grpc.CallOptions;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Sends one blob as a stream, and goes on from where the server says that an earlier try ended: one of this process or of one that was
 * killed. Compressing the same content gives the same bytes again, so that holds for compressed streams, too.
 */
final class Upload {
    private static final int PIECE = 256 << 10;

    private final Connection connection;
    private final ResourceNames names;
    private final Blob blob;
    private final boolean compressed;

    Upload(Connection connection, ResourceNames names, Blob blob, boolean compressed) {
        this.connection = connection;
        this.names = names;
        this.blob = blob;
        this.compressed = compressed;
    }

    /** @param upload the name under which the server may know a part of it */
    void send(BlobSource source, UUID upload) throws TransferException, IOException {
        UUID id = upload;
        Attempts attempts = connection.attempts();
        long before = 0;
        while (true) {
            String resource = names.write(blob, compressed, id);
            QueryWriteStatusResponse status = query(resource);
            if (status.getComplete()) {
                return;
            }
            long from = checked(status.getCommittedSize());
            if (from > before) {
                attempts.progressed();
                before = from;
            }
            try {
                stream(source, resource, from);
                return;
            } catch (StatusException e) {
                if (e.getStatus().getCode() != Status.Code.UNAVAILABLE && from > 0 && id.equals(upload)) {
                    // What is there may be of another version of the compressor: once more, from the start.
                    id = UUID.randomUUID();
                    before = 0;
                } else {
                    attempts.failed(e.getStatus());
                }
            }
        }
    }

    private QueryWriteStatusResponse query(String resource) throws TransferException {
        return connection.call(
                CasMethods.QUERY_WRITE,
                QueryWriteStatusRequest.newBuilder().setResourceName(resource).build(),
                code -> code == Status.Code.NOT_FOUND || code == Status.Code.UNIMPLEMENTED,
                QueryWriteStatusResponse.getDefaultInstance());
    }

    private long checked(long committed) throws TransferException {
        if (committed < 0 || committed > (compressed ? Zstandard.bound(blob.size()) : blob.size())) {
            throw connection
                    .faults()
                    .broken("it says that it has " + committed + " bytes of blob " + blob + " already");
        }
        return committed;
    }

    private void stream(BlobSource source, String resource, long from)
            throws TransferException, IOException, StatusException {
        BlockingClientCall<WriteRequest, WriteResponse> call =
                ClientCalls.blockingClientStreamingCall(connection.channel(), CasMethods.WRITE, CallOptions.DEFAULT);
        boolean answered = false;
        try {
            Pieces pieces = new Pieces(call, resource, from);
            try {
                copy(source, pieces);
                pieces.finish();
            } catch (EarlyEnd e) {
                // The server has heard enough; its answer tells why.
                pieces.early = true;
            } catch (Broken e) {
                throw e.status;
            }
            check(call, pieces);
            answered = true;
        } catch (TimeoutException e) {
            throw connection.faults().stalled();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw connection.faults().interrupted();
        } finally {
            if (!answered) {
                call.cancel("given up", null);
            }
        }
    }

    private void copy(BlobSource source, Pieces pieces) throws IOException {
        try (InputStream in = source.open(blob)) {
            if (!compressed) {
                in.transferTo(pieces);
                return;
            }
            try (OutputStream out = Zstandard.compressing(pieces)) {
                in.transferTo(out);
            }
        }
    }

    private void check(BlockingClientCall<WriteRequest, WriteResponse> call, Pieces pieces)
            throws TransferException, StatusException, TimeoutException, InterruptedException {
        WriteResponse answer = call.read(connection.timeout().toNanos(), TimeUnit.NANOSECONDS);
        if (answer == null) {
            throw connection.faults().broken("it did not say whether it has blob " + blob);
        }
        long committed = answer.getCommittedSize();
        boolean whole = committed == blob.size() || compressed && (committed == -1 || committed == pieces.total);
        if (!whole || committed != blob.size() && committed != -1 && pieces.early) {
            throw connection.faults().broken("it took " + committed + " bytes of blob " + blob);
        }
    }

    /** The server answered before everything was sent. */
    private static final class EarlyEnd extends IOException {
        private static final long serialVersionUID = 1;
    }

    /** Carries a status through a stream. */
    private static final class Broken extends IOException {
        private static final long serialVersionUID = 1;
        private final transient StatusException status;

        Broken(StatusException status) {
            super(status);
            this.status = status;
        }
    }

    /** Cuts what travels into messages. The last one is held back until the source has said that its content is right. */
    private final class Pieces extends OutputStream {
        private final BlockingClientCall<WriteRequest, WriteResponse> call;
        private final String resource;
        private final byte[] piece = new byte[PIECE];
        private int filled;
        private long skip;
        private long offset;
        private long total;
        private boolean early;

        Pieces(BlockingClientCall<WriteRequest, WriteResponse> call, String resource, long from) {
            this.call = call;
            this.resource = resource;
            this.skip = from;
            this.offset = from;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] from, int at, int length) throws IOException {
            total += length;
            int skipped = (int) Math.min(skip, length);
            skip -= skipped;
            int next = at + skipped;
            while (next < at + length) {
                if (filled == PIECE) {
                    send(false);
                }
                int some = Math.min(PIECE - filled, at + length - next);
                System.arraycopy(from, next, piece, filled, some);
                filled += some;
                next += some;
            }
        }

        void finish() throws IOException {
            send(true);
            call.halfClose();
        }

        private void send(boolean last) throws IOException {
            WriteRequest request = WriteRequest.newBuilder()
                    .setResourceName(resource)
                    .setWriteOffset(offset)
                    .setFinishWrite(last)
                    .setData(ByteString.copyFrom(piece, 0, filled))
                    .build();
            try {
                if (!call.write(request, connection.timeout().toNanos(), TimeUnit.NANOSECONDS)) {
                    throw new EarlyEnd();
                }
            } catch (TimeoutException e) {
                throw new FaultInStream(connection.faults().stalled());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new FaultInStream(connection.faults().interrupted());
            } catch (StatusException e) {
                throw new Broken(e);
            }
            offset += filled;
            filled = 0;
        }
    }
}
