package dev.velo.daemon.socket;

import java.io.IOException;
import java.util.Optional;
import jnr.unixsocket.UnixServerSocketChannel;

/** A socket that takes connections. For use by one thread. */
public final class Listener implements AutoCloseable {
    private static final int SOCK_NONBLOCK = 04000;
    private static final int SOCK_CLOEXEC = 02000000;
    private static final int ECONNABORTED = 103;

    private final Sockets sockets;
    private final UnixServerSocketChannel channel;

    Listener(Sockets sockets, UnixServerSocketChannel channel) {
        this.sockets = sockets;
        this.channel = channel;
    }

    /** The next connection, if one comes in this time. */
    public Optional<Connection> accept(long milliseconds) throws IOException {
        if (sockets.await(channel.getFD(), Sockets.POLLIN, milliseconds) == 0) {
            return Optional.empty();
        }
        int accepted = sockets.kernel().accept4(channel.getFD(), null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            return Optional.of(new Connection(sockets, accepted));
        }
        int errno = sockets.errno();
        // It has gone again.
        if (errno == Sockets.EAGAIN || errno == Sockets.EINTR || errno == ECONNABORTED) {
            return Optional.empty();
        }
        throw new IOException("accept4: errno " + errno);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
