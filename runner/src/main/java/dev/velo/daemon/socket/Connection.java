package dev.velo.daemon.socket;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;

/** A connection. One thread may read while another writes; {@link #hasHungUp} and {@link #takes} may be asked by a third. */
public final class Connection implements AutoCloseable {
    static final int CHUNK = 1 << 15;
    private static final int SO_PEERCRED = 17;
    private static final int USER = 4;
    private static final int MSG_NOSIGNAL = 0x4000;

    private final Sockets sockets;
    private final int descriptor;
    private final AtomicBoolean closed = new AtomicBoolean();

    /** @param descriptor that does not block */
    Connection(Sockets sockets, int descriptor) {
        this.sockets = sockets;
        this.descriptor = descriptor;
    }

    /** Who has connected, as the kernel knows it (SO_PEERCRED). */
    public int user() throws IOException {
        Scratch scratch = sockets.scratch();
        ByteBuffer credentials = scratch.credentials();
        if (sockets.kernel()
                        .getsockopt(
                                descriptor, Kernel.SOL_SOCKET, SO_PEERCRED, credentials, scratch.credentialsLength())
                != 0) {
            throw new IOException("getsockopt: errno " + sockets.errno());
        }
        return credentials.getInt(USER);
    }

    /**
     * At least one byte, as much as has come.
     *
     * @return the number of bytes; negative at the end
     * @throws SocketTimeoutException where nothing has come until then
     */
    public int read(ByteBuffer into, long deadlineNanos) throws IOException {
        ByteBuffer come = sockets.scratch().bytes();
        int count = receive(come.limit(Math.min(come.capacity(), into.remaining())), deadlineNanos);
        if (count > 0) {
            into.put(come.limit(count));
        }
        return count;
    }

    private int receive(ByteBuffer come, long deadlineNanos) throws IOException {
        while (true) {
            // First the attempt: what is sent right after the connection was made is mostly there.
            int count = (int) sockets.kernel().recv(descriptor, come, come.limit(), 0);
            if (count >= 0) {
                return count == 0 ? -1 : count;
            }
            waitAfterFailure("recv", Sockets.POLLIN, deadlineNanos);
        }
    }

    /** As {@link #read}, what one read gives; empty at the end. */
    public byte[] readSome(long deadlineNanos) throws IOException {
        ByteBuffer come = sockets.scratch().bytes();
        int count = receive(come, deadlineNanos);
        byte[] bytes = new byte[Math.max(0, count)];
        come.get(0, bytes);
        return bytes;
    }

    /** All of it. */
    public void write(ByteBuffer from, long deadlineNanos) throws IOException {
        while (from.hasRemaining()) {
            int count = filled(from);
            int sent = (int) sockets.kernel().send(descriptor, sockets.scratch().bytes(), count, MSG_NOSIGNAL);
            advance(from, sent, "send", deadlineNanos);
        }
    }

    /** All of it, and with its first byte a copy of a descriptor. */
    public void write(ByteBuffer from, int withDescriptor, long deadlineNanos) throws IOException {
        int begin = from.position();
        while (from.position() == begin) {
            int count = filled(from);
            int sent = (int) sockets.kernel()
                    .sendmsg(descriptor, sockets.scratch().message(count, withDescriptor), MSG_NOSIGNAL);
            advance(from, sent, "sendmsg", deadlineNanos);
        }
        write(from, deadlineNanos);
    }

    /** Copies the first of what is left to where a system call finds it. */
    private int filled(ByteBuffer from) {
        ByteBuffer bytes = sockets.scratch().bytes();
        int count = Math.min(bytes.capacity(), from.remaining());
        bytes.put(0, from, from.position(), count);
        return count;
    }

    private void advance(ByteBuffer from, int sent, String call, long deadlineNanos) throws IOException {
        if (sent >= 0) {
            from.position(from.position() + sent);
        } else {
            waitAfterFailure(call, Sockets.POLLOUT, deadlineNanos);
        }
    }

    private void waitAfterFailure(String call, short event, long deadlineNanos) throws IOException {
        int errno = sockets.errno();
        if (errno == Sockets.EAGAIN) {
            long left = (deadlineNanos - System.nanoTime() + 999_999) / 1_000_000;
            if (left <= 0 || sockets.await(descriptor, event, left) == 0) {
                throw new SocketTimeoutException(event == Sockets.POLLIN ? "nothing came" : "nothing was taken");
            }
        } else if (errno != Sockets.EINTR) {
            throw new IOException(call + ": errno " + errno);
        }
    }

    /** The other side has closed its end. */
    public boolean hasHungUp() throws IOException {
        return sockets.await(descriptor, Sockets.POLLRDHUP, 0) != 0;
    }

    /** A few bytes can be written without waiting. */
    public boolean takes() throws IOException {
        return (sockets.await(descriptor, Sockets.POLLOUT, 0) & Sockets.POLLOUT) != 0;
    }

    @Override
    public void close() {
        // Once: the number may be another file's afterwards.
        if (closed.compareAndSet(false, true)) {
            sockets.kernel().close(descriptor);
        }
    }
}
