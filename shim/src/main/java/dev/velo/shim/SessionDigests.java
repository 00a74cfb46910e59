package dev.velo.shim;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * What the files of a session were found to be while its program ran: docs/formats/session-digests.md. It saves time and nothing else. Immutable.
 */
public final class SessionDigests {
    private static final byte[] NAME = "digests".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] HEADER = "VELODGS1".getBytes(StandardCharsets.US_ASCII);
    private static final int RECORD = 88;
    private static final int CHECKED = RECORD - Integer.BYTES;

    /** Some 90 MB. */
    private static final int MOST = 1_000_000;

    /** The inode that has a content, as it was then. */
    private record Identity(long device, long inode, long size, Timestamp modified, Timestamp changed) {
        static Identity of(FileStatus status) {
            return new Identity(status.device(), status.inode(), status.size(), status.modified(), status.changed());
        }
    }

    private record Content(Identity identity, Digest digest) {}

    private final Map<Integer, Content> contents;

    private SessionDigests(Map<Integer, Content> contents) {
        this.contents = contents;
    }

    /** Nothing is known. */
    public static SessionDigests none() {
        return new SessionDigests(Map.of());
    }

    /**
     * Reads as many as are whole: whoever wrote them may have been killed.
     *
     * @param session its directory
     */
    public static SessionDigests read(Path session) throws IOException {
        Map<Integer, Content> contents = new HashMap<>();
        ByteBuffer in = ByteBuffer.allocate(RECORD * 512).order(ByteOrder.LITTLE_ENDIAN);
        try (FileChannel file = FileChannel.open(
                session.resolve(new String(NAME, StandardCharsets.US_ASCII)), StandardOpenOption.READ)) {
            in.limit(HEADER.length);
            fill(file, in);
            if (!in.flip().equals(ByteBuffer.wrap(HEADER))) {
                return none();
            }
            boolean whole = true;
            while (whole && contents.size() < MOST) {
                fill(file, in.clear());
                whole = !in.hasRemaining();
                in.flip();
                while (in.remaining() >= RECORD) {
                    if (!take(in, contents)) {
                        return new SessionDigests(contents);
                    }
                }
            }
        } catch (NoSuchFileException e) {
            return none();
        }
        return new SessionDigests(contents);
    }

    private static void fill(FileChannel file, ByteBuffer in) throws IOException {
        while (in.hasRemaining() && file.read(in) > 0) {
            continue;
        }
    }

    /** The later one counts. False where it is damaged. */
    private static boolean take(ByteBuffer in, Map<Integer, Content> contents) {
        int begin = in.position();
        if (in.getInt(begin + CHECKED) != checksum(in, begin)) {
            return false;
        }
        int node = in.getInt();
        int modifiedNanos = in.getInt();
        int changedNanos = in.getInt();
        long device = in.getLong();
        long inode = in.getLong();
        long size = in.getLong();
        Timestamp modified = new Timestamp(in.getLong(), modifiedNanos);
        Timestamp changed = new Timestamp(in.getLong(), changedNanos);
        byte[] digest = new byte[Digest.LENGTH];
        in.get(digest);
        in.position(begin + RECORD);
        contents.put(node, new Content(new Identity(device, inode, size, modified, changed), Digest.fromBytes(digest)));
        return true;
    }

    private static int checksum(ByteBuffer record, int begin) {
        CRC32 checksum = new CRC32();
        checksum.update(record.duplicate().position(begin).limit(begin + CHECKED));
        return (int) checksum.getValue();
    }

    /** The content of a node's file, where that has not changed since. */
    public Optional<Digest> of(int node, FileStatus status) {
        return Optional.ofNullable(contents.get(node))
                .filter(content -> content.identity().equals(Identity.of(status)))
                .map(Content::digest);
    }

    /** Notes them. For use by one thread. */
    public static final class Writer implements AutoCloseable {
        private final FileOps files;
        private final Descriptor file;
        private final ByteBuffer out = ByteBuffer.allocateDirect(RECORD).order(ByteOrder.LITTLE_ENDIAN);
        private int left = MOST;

        /** @param session its directory, in which nobody else has begun to note any */
        public Writer(FileOps files, int session) throws IOException {
            this.files = files;
            this.file = files.createFile(session, NAME, 0600);
            files.write(
                    file.number(),
                    ByteBuffer.allocateDirect(HEADER.length).put(HEADER).flip());
        }

        /** @param status before the content was read, and after it */
        public void add(int node, FileStatus status, Digest digest) throws IOException {
            if (left == 0) {
                return;
            }
            left--;
            out.clear();
            out.putInt(node)
                    .putInt(status.modified().nanos())
                    .putInt(status.changed().nanos())
                    .putLong(status.device())
                    .putLong(status.inode())
                    .putLong(status.size())
                    .putLong(status.modified().seconds())
                    .putLong(status.changed().seconds())
                    .put(digest.toBytes());
            out.putInt(checksum(out.duplicate().order(ByteOrder.LITTLE_ENDIAN), 0));
            files.write(file.number(), out.flip());
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
