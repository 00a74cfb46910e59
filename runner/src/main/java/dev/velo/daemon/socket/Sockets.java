package dev.velo.daemon.socket;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.unixsocket.UnixServerSocketChannel;
import jnr.unixsocket.UnixSocketAddress;

/** Makes sockets. Safe for use by many threads. */
public final class Sockets {
    static final short POLLIN = 1;
    static final short POLLOUT = 4;
    static final short POLLRDHUP = 0x2000;
    static final int EINTR = 4;
    static final int EAGAIN = 11;
    private static final int PRIVATE = 0177;

    private final Kernel kernel = LibraryLoader.create(Kernel.class).load("c");
    private final Runtime runtime = Runtime.getRuntime(kernel);
    /** For each thread: memory outside of the heap costs more than a call. */
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(() -> new Scratch(runtime));

    /** umask(2), of all threads. */
    public void umask(int bits) {
        kernel.umask(bits);
    }

    /**
     * Listens on a name with mode 0600. Leaves the umask that takes everything from others.
     *
     * @param path short: at most 107 bytes (unix(7))
     */
    public Listener listen(String path, int backlog) throws IOException {
        umask(PRIVATE);
        UnixServerSocketChannel channel = UnixServerSocketChannel.open();
        try {
            channel.socket().bind(new UnixSocketAddress(new File(path)), backlog);
            channel.configureBlocking(false);
            return new Listener(this, channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    Kernel kernel() {
        return kernel;
    }

    Scratch scratch() {
        return scratch.get();
    }

    /** Of the call that failed last on this thread. */
    int errno() {
        return runtime.getLastError();
    }

    /** Which of these events have come; none where the time is over. Besides them an error and a hang-up count. */
    int await(int descriptor, short events, long milliseconds) throws IOException {
        ByteBuffer poll = scratch().poll();
        poll.putInt(0, descriptor).putShort(4, events).putShort(6, (short) 0);
        long deadline = System.nanoTime() + milliseconds * 1_000_000;
        long left = milliseconds;
        while (true) {
            int ready = kernel.poll(poll, 1, (int) Math.max(0, Math.min(left, Integer.MAX_VALUE)));
            if (ready >= 0) {
                return ready == 0 ? 0 : poll.getShort(6) & 0xffff;
            }
            if (errno() != EINTR) {
                throw new IOException("poll: errno " + errno());
            }
            left = (deadline - System.nanoTime()) / 1_000_000;
        }
    }

    static ByteBuffer direct(int size) {
        return ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
    }
}
