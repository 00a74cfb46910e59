package dev.velo.daemon;

import dev.velo.daemon.socket.Connection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What is sent to a client. Output is held back until the command has ended or much of it has come, so that a command that is declined after all
 * can still begin anew in a process of the caller's. Its streams are for one thread, {@link #alive} for any other.
 */
final class Answers {
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int HELD = FrameType.OUT.most();

    private final Connection connection;
    private final ReentrantLock sending = new ReentrantLock();
    private final List<ByteBuffer> held = new ArrayList<>();
    private final ByteArrayOutputStream open = new ByteArrayOutputStream();
    private FrameType openType = FrameType.OUT;
    private int heldBytes;
    private boolean begun;
    private volatile boolean broken;
    private final long since = System.nanoTime();
    private volatile long last = since;

    Answers(Connection connection) {
        this.connection = connection;
    }

    /** Nothing was sent yet. */
    boolean isFirst() {
        return last == since;
    }

    OutputStream stream(FrameType type) {
        return new Output(type);
    }

    void other(String why) throws IOException {
        send(FrameHeader.frame(FrameType.OTHER, bounded(why)));
    }

    /** Forgets what was printed. */
    void decline(String why) throws IOException {
        if (begun) {
            throw new IOException("declined in the middle: " + why);
        }
        held.clear();
        send(FrameHeader.frame(FrameType.DECLINE, bounded(why)));
    }

    void exit(int status) throws IOException {
        flush();
        send(FrameHeader.frame(FrameType.EXIT, new byte[] {(byte) status, 0, 0, 0}));
    }

    /** @param lock a copy of it goes along */
    void plan(byte[] plan, int lock) throws IOException {
        flush();
        ByteBuffer frame = FrameHeader.frame(FrameType.PLAN, plan);
        sending.lock();
        try {
            connection.write(frame, lock, deadline());
        } catch (IOException e) {
            broken = true;
            throw e;
        } finally {
            sending.unlock();
        }
    }

    void alive() throws IOException {
        send(FrameHeader.frame(FrameType.ALIVE, new byte[0]));
    }

    /** The same where nothing was sent for this long; not where it would have to wait, when something is being sent anyway. */
    void aliveAfter(long nanos) throws IOException {
        if (System.nanoTime() - last >= nanos && sending.tryLock()) {
            try {
                if (connection.takes()) {
                    alive();
                }
            } finally {
                sending.unlock();
            }
        }
    }

    private static long deadline() {
        return System.nanoTime() + PATIENCE_NANOS;
    }

    private static byte[] bounded(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return bytes.length > FrameType.OTHER.most() ? Arrays.copyOf(bytes, FrameType.OTHER.most()) : bytes;
    }

    private void send(ByteBuffer frame) throws IOException {
        if (broken) {
            throw new IOException("the client has gone");
        }
        sending.lock();
        try {
            connection.write(frame, deadline());
            last = System.nanoTime();
        } catch (IOException e) {
            broken = true;
            throw e;
        } finally {
            sending.unlock();
        }
    }

    private void flush() throws IOException {
        closeFrame();
        for (ByteBuffer frame : held) {
            begun = true;
            send(frame);
        }
        held.clear();
        heldBytes = 0;
    }

    private void closeFrame() {
        if (open.size() > 0) {
            held.add(FrameHeader.frame(openType, open.toByteArray()));
            open.reset();
        }
    }

    private void print(FrameType type, byte[] bytes, int from, int length) throws IOException {
        if (broken) {
            throw new IOException("the client has gone");
        }
        for (int done = 0; done < length; ) {
            if (type != openType || open.size() == type.most()) {
                closeFrame();
                openType = type;
            }
            int part = Math.min(length - done, type.most() - open.size());
            open.write(bytes, from + done, part);
            done += part;
            heldBytes += part;
            if (heldBytes >= HELD) {
                flush();
            }
        }
    }

    private final class Output extends OutputStream {
        private final FrameType type;

        private Output(FrameType type) {
            this.type = type;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            print(type, bytes, from, length);
        }
    }
}
