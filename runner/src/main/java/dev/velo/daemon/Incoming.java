package dev.velo.daemon;

import dev.velo.daemon.socket.Connection;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** What a client sends: two frames, in a bounded time. For use by one thread at a time. */
final class Incoming {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);
    /** For what should have come while the connection waited for a thread. */
    private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private static final int CHUNK = 1 << 15;

    private final Connection connection;
    private final long since;
    private byte[] come = {};
    private int read;

    /** @param since when the connection was taken, as System.nanoTime tells */
    Incoming(Connection connection, long since) {
        this.connection = connection;
        this.since = since;
    }

    /**
     * The command of somebody who says hello in just this way, where it comes within this time and at once. What has come is read again by the
     * others.
     */
    Optional<Request> requestAfter(byte[] hello, long nanos) throws IOException {
        come = connection.readSome(System.nanoTime() + nanos);
        if (come.length == 0) {
            throw new EOFException("the client has gone");
        }
        int begin = hello.length + FrameHeader.LENGTH;
        if (come.length < begin || !Arrays.equals(come, 0, hello.length, hello, 0, hello.length)) {
            return Optional.empty();
        }
        int length = FrameHeader.bodyLength(ByteBuffer.wrap(come, hello.length, FrameHeader.LENGTH), FrameType.REQUEST);
        return length == come.length - begin
                ? Optional.of(Request.decode(Arrays.copyOfRange(come, begin, come.length)))
                : Optional.empty();
    }

    Hello hello() throws IOException {
        return Hello.decode(body(FrameType.HELLO));
    }

    Request request() throws IOException {
        return Request.decode(body(FrameType.REQUEST));
    }

    private byte[] body(FrameType type) throws IOException {
        return bytes(FrameHeader.bodyLength(ByteBuffer.wrap(bytes(FrameHeader.LENGTH)), type));
    }

    /** What is only announced claims no memory. */
    private byte[] bytes(int length) throws IOException {
        if (length <= come.length - read) {
            read += length;
            return Arrays.copyOfRange(come, read - length, read);
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream(Math.min(length, CHUNK));
        all.write(come, read, come.length - read);
        read = come.length;
        long deadline = System.nanoTime() + Math.max(GRACE_NANOS, PATIENCE_NANOS - (System.nanoTime() - since));
        while (all.size() < length) {
            ByteBuffer chunk = ByteBuffer.allocate(Math.min(length - all.size(), CHUNK));
            if (connection.read(chunk, deadline) < 0) {
                throw new EOFException("the client has gone");
            }
            all.write(chunk.array(), 0, chunk.position());
        }
        return all.toByteArray();
    }
}
