package dev.velo.daemon;

import dev.velo.cas.VeloException;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.daemon.socket.Listener;
import dev.velo.daemon.socket.Sockets;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/** Where a resident process can be found, for as long as it holds the lock with which it was started. Safe for use by many threads. */
final class Place {
    /** The client that started this process had locked it, and hands it over under this number. */
    private static final int LOCK = 3;

    private static final String SOCKET = ".sock";
    private static final int MOST_IDENTITY = 1 << 20;
    private static final int BACKLOG = 1024;

    private final FileOps files;
    private final Descriptor directory;
    private final byte[] socket;
    private final byte[] identity;
    private Optional<FileStatus> bound = Optional.empty();
    private boolean left;

    private Place(FileOps files, Descriptor directory, byte[] socket, byte[] identity) {
        this.files = files;
        this.directory = directory;
        this.socket = socket;
        this.identity = identity;
    }

    /** Takes over what the client that started this process left for it. */
    static Place takeOver(Path directory, String socket) throws VeloException {
        FileOps files = FileOps.system();
        try {
            Descriptor opened =
                    files.openDirectory(FileOps.CWD, directory.toString().getBytes(StandardCharsets.UTF_8));
            if (!socket.endsWith(SOCKET)
                    || !isLock(files, opened, socket.substring(0, socket.length() - SOCKET.length()) + ".lock")) {
                throw new VeloException(
                        "cannot serve: descriptor 3 is not the lock that belongs to " + socket,
                        "start it with velo daemon start");
            }
            return new Place(files, opened, socket.getBytes(StandardCharsets.UTF_8), content(files));
        } catch (IOException e) {
            throw new VeloException(
                    "cannot serve in " + directory + ": " + e.getMessage(), "start it with velo daemon start", e);
        }
    }

    private static boolean isLock(FileOps files, Descriptor directory, String name) throws IOException {
        FileStatus held;
        try {
            held = files.status(LOCK);
        } catch (IOException e) {
            return false;
        }
        Optional<FileStatus> named = files.statusIfPresent(directory.number(), name.getBytes(StandardCharsets.UTF_8));
        // What this very open file holds already is granted again.
        return named.isPresent() && held.isSameFile(named.get()) && files.tryLock(LOCK, true);
    }

    private static byte[] content(FileOps files) throws IOException {
        ByteBuffer content = ByteBuffer.allocateDirect(MOST_IDENTITY);
        while (content.hasRemaining() && files.readAt(LOCK, content, content.position()) > 0) {
            continue;
        }
        byte[] bytes = new byte[content.flip().remaining()];
        content.get(bytes);
        return bytes;
    }

    /** As it was when the process was started. */
    byte[] identity() {
        return identity.clone();
    }

    boolean isFor(byte[] identityOfCaller) {
        return Arrays.equals(identity, identityOfCaller);
    }

    synchronized Listener listen(Sockets sockets) throws IOException {
        // A path of any length fits into an address so.
        Listener listener = sockets.listen(
                "/proc/self/fd/" + directory.number() + "/" + new String(socket, StandardCharsets.UTF_8), BACKLOG);
        bound = files.statusIfPresent(directory.number(), socket);
        return listener;
    }

    /** Who looks for the socket still finds this process. */
    synchronized boolean isTaken() throws IOException {
        Optional<FileStatus> named = files.statusIfPresent(directory.number(), socket);
        return !left && named.isPresent() && bound.isPresent() && named.get().isSameFile(bound.get());
    }

    /** Gives it to whoever is started next: the socket first, then the lock. */
    synchronized void leave() throws IOException {
        if (left) {
            return;
        }
        try {
            if (isTaken()) {
                files.unlink(directory.number(), socket);
            }
        } finally {
            left = true;
            files.close(LOCK);
        }
    }
}
