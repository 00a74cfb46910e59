package dev.velo.daemon.socket;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/** What the kernel tells of directories (inotify(7)). Nobody whose acts are told ever waits for it. {@link #next} is for one thread. */
public final class Notices implements AutoCloseable {
    /** The calls behind it. */
    public interface Calls {
        int inotify_init1(int flags);

        int inotify_add_watch(int fd, @In byte[] path, int mask);

        @ssize_t
        long read(int fd, @Out ByteBuffer into, @size_t long length);

        int setpriority(int which, int who, int priority);

        int close(int fd);
    }

    /** What a directory is watched for. */
    public enum About {
        /** A file that was open for writing has been closed, has other attributes, has been moved here or lost a name. */
        WRITTEN(0x8 | 0x4 | 0x80 | 0x200),
        /** Something new has been made. */
        MADE(0x100 | 0x80);

        private final int mask;

        About(int mask) {
            this.mask = mask;
        }
    }

    /**
     * One of them.
     *
     * @param watch the number of the directory
     * @param name in it, one character a byte
     * @param last the directory is gone, and with it this number
     */
    public record Notice(int watch, String name, boolean last) {}

    private static final int IN_CLOEXEC = 02000000;
    private static final int IN_ONLYDIR = 0x01000000;
    /** Nothing of a file that has lost its name there. */
    private static final int IN_EXCL_UNLINK = 0x04000000;

    private static final int IN_IGNORED = 0x8000;
    private static final int IN_Q_OVERFLOW = 0x4000;
    private static final int HEADER = 16;
    private static final int EINTR = 4;
    private static final int LESS_THAN_OTHERS = 10;

    private final Calls calls = LibraryLoader.create(Calls.class).load("c");
    private final Runtime runtime = Runtime.getRuntime(calls);
    private final ByteBuffer come = Sockets.direct(Connection.CHUNK);
    private final int descriptor;

    public Notices() throws IOException {
        descriptor = calls.inotify_init1(IN_CLOEXEC);
        check("inotify_init1", descriptor);
    }

    /** @return the number of the directory */
    public int watch(String directory, About about) throws IOException {
        int watch = calls.inotify_add_watch(
                descriptor,
                (directory + "\0").getBytes(StandardCharsets.UTF_8),
                about.mask | IN_ONLYDIR | IN_EXCL_UNLINK);
        check("inotify_add_watch", watch);
        return watch;
    }

    /** Those that have come; waits for one. What was too much for the kernel's queue is missing, without a word. */
    public List<Notice> next() throws IOException {
        come.clear();
        long count = calls.read(descriptor, come, come.capacity());
        if (count < 0 && runtime.getLastError() == EINTR) {
            return List.of();
        }
        check("read", count);
        List<Notice> notices = new ArrayList<>();
        for (int at = 0; at + HEADER <= count; at += HEADER + come.getInt(at + 12)) {
            int mask = come.getInt(at + 4);
            if ((mask & IN_Q_OVERFLOW) == 0) {
                notices.add(
                        new Notice(come.getInt(at), name(at + HEADER, come.getInt(at + 12)), (mask & IN_IGNORED) != 0));
            }
        }
        return notices;
    }

    private String name(int at, int room) {
        byte[] name = new byte[room];
        come.get(at, name);
        String text = new String(name, StandardCharsets.ISO_8859_1);
        return text.contains("\0") ? text.substring(0, text.indexOf('\0')) : text;
    }

    /** The calling thread gets less of the processors and the disks than others (setpriority(2), which is a thread's own on Linux). */
    public void giveWay() {
        calls.setpriority(0, 0, LESS_THAN_OTHERS);
    }

    private void check(String call, long result) throws IOException {
        if (result < 0) {
            throw new IOException(call + ": errno " + runtime.getLastError());
        }
    }

    @Override
    public void close() {
        calls.close(descriptor);
    }
}
