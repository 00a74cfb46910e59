package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** Writes manifest files, whole or not at all, and reads their bytes. */
public final class ManifestFile {
    /** A channel copies an array through a direct buffer of the same size, which it keeps: so never the whole file in one call. */
    private static final int STEP = 1 << 20;

    private ManifestFile() {}

    /**
     * The one path under which a manifest file is known, however the user spelled it: the real path of its directory and its own name (a
     * link to a manifest may lead elsewhere tomorrow). Where the directory is not there, the path as it was given.
     */
    public static Path place(UserPath file) {
        Path absolute = file.path();
        Path name = absolute.getFileName();
        if (name == null || name.toString().equals("..") || name.toString().equals(".")) {
            return absolute;
        }
        try {
            return absolute.getParent().toRealPath().resolve(name);
        } catch (IOException e) {
            return absolute;
        }
    }

    /** @param file absolute */
    public static Path place(Path file) {
        return place(UserPath.of(file));
    }

    /**
     * Encodes a tree and writes it.
     *
     * @param file absolute
     */
    public static Digest write(DirectoryNode root, Path file) throws VeloException {
        byte[] manifest;
        try {
            manifest = ManifestBuilder.encode(root);
        } catch (IllegalArgumentException e) {
            throw new VeloException(
                    "cannot write manifest " + file + ": " + e.getMessage(),
                    "leave out what is too deep or too much",
                    e);
        }
        return write(manifest, file);
    }

    /**
     * Writes a temporary file beside the target, syncs it, renames it over the target and syncs the directory, so that a crash leaves the
     * old file or the new one. A symbolic link in the target's place is replaced, not followed; anything but a regular file in its place
     * is refused.
     *
     * @param file absolute
     * @return the digest of the bytes
     */
    public static Digest write(byte[] manifest, Path file) throws VeloException {
        return write(manifest, file, FileOps.system());
    }

    /** As {@link #write(byte[], Path)}. */
    public static Digest write(byte[] manifest, Path file, FileOps files) throws VeloException {
        return write(manifest, UserPath.of(file), files);
    }

    /** As {@link #write(byte[], Path)}. */
    public static Digest write(byte[] manifest, UserPath file, FileOps files) throws VeloException {
        Path target = file.path();
        // A rename would put a regular file in the place of /dev/null.
        if (Files.exists(target) && !Files.isRegularFile(target)) {
            throw new VeloException(
                    "cannot write manifest " + file + ": it is "
                            + (Files.isDirectory(target) ? "a directory" : "not a regular file"),
                    "name a file that may be replaced");
        }
        try {
            new Replacement(files).write(manifest, target);
            return Digest.of(manifest);
        } catch (IOException e) {
            throw new VeloException(
                    "cannot write manifest " + file + ": " + reason(e),
                    "name a file in a directory where you may write and where there is space",
                    e);
        }
    }

    /** Removes what processes that were killed while they wrote a manifest have left beside it. */
    public static void removeLeftovers(Path directory, FileOps files) {
        new Replacement(files).removeLeftovers(directory);
    }

    /** Begins as a manifest does; what cannot be read is none. */
    public static boolean isManifest(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(ManifestFormat.MAGIC.length), ManifestFormat.MAGIC);
        } catch (IOException e) {
            return false;
        }
    }

    /** The bytes of a file whose header has been checked; so a file that is no manifest is refused without being read. */
    public static byte[] read(UserPath file) throws ManifestException {
        Path path = file.path();
        // Opening a FIFO would wait for a writer.
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new ManifestException(
                    "cannot read manifest " + file + ": it is not a regular file",
                    "name a file that velo ingest wrote");
        }
        try (FileChannel in = FileChannel.open(path, StandardOpenOption.READ)) {
            long length = in.size();
            byte[] head = new byte[(int) Math.min(length, ManifestFormat.HEADER)];
            readAll(in, head, file);
            ManifestHeader.check(head, length, file.toString());
            byte[] bytes = allocate((int) length, file);
            in.position(0);
            readAll(in, bytes, file);
            return bytes;
        } catch (NoSuchFileException e) {
            throw new ManifestException(
                    "cannot read manifest " + file + ": there is no such file", "make it with velo ingest", e);
        } catch (AccessDeniedException e) {
            throw new ManifestException(
                    "cannot read manifest " + file + ": permission denied",
                    "ask its owner for permission to read it",
                    e);
        } catch (IOException e) {
            throw new ManifestException(
                    "cannot read manifest " + file + ": " + reason(e), "name a file that velo ingest wrote", e);
        }
    }

    /** @param file absolute */
    public static byte[] read(Path file) throws ManifestException {
        return read(UserPath.of(file));
    }

    private static byte[] allocate(int length, UserPath file) throws ManifestException {
        try {
            return new byte[length];
        } catch (OutOfMemoryError e) {
            throw new ManifestException(
                    "cannot read manifest " + file + ": its " + length + " bytes do not fit into memory",
                    "give Java a larger heap with JAVA_TOOL_OPTIONS=-Xmx",
                    e);
        }
    }

    private static void readAll(FileChannel in, byte[] into, UserPath file) throws IOException, ManifestException {
        for (int at = 0; at < into.length; ) {
            int count = in.read(ByteBuffer.wrap(into, at, Math.min(STEP, into.length - at)));
            if (count < 0) {
                throw ManifestException.damaged(file.toString(), "byte " + at + ": the file became shorter");
            }
            at += count;
        }
    }

    /** Without the name of a temporary file, which says nothing to the user. */
    private static String reason(IOException e) {
        if (e instanceof ErrnoException failed) {
            return failed.is(Errno.ENOENT)
                    ? "its directory does not exist"
                    : failed.errno().text();
        }
        return e instanceof FileSystemException file && file.getReason() != null ? file.getReason() : e.getMessage();
    }
}
