package dev.velo.cas.store;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What a collection knows of a manifest file that it has read in full: whose bytes it had while its inode looked like this. A file that looks
 * the same and has the same checksum has the same digest: a change shows in the times, and a rotten bit in the checksum, which costs a
 * fraction of the digest. Format: docs/formats/store.md.
 *
 * @param identity device, inode, size and times of the file, as text
 * @param checksum CRC-32C of its bytes
 */
public record Sighting(Digest manifest, String identity, int checksum) {
    private static final String HEADER = "velo-seen 1";

    /** Coarser than any file system's clock: a file that was changed this shortly before it was read may change again unseen. */
    private static final long RACY_SECONDS = 3;

    /** Of bytes that were read after their file had this status. */
    public static Sighting of(Digest manifest, FileStatus status, byte[] bytes) {
        return new Sighting(manifest, identity(status), checksum(bytes));
    }

    /** True where the file that has this status and these bytes is the one that was seen. */
    public boolean isOf(FileStatus status, byte[] bytes) {
        return identity.equals(identity(status)) && checksum == checksum(bytes);
    }

    /** True where both times of a file are old enough to tell a later change. */
    public static boolean isSettled(FileStatus status, Timestamp now) {
        Timestamp limit = now.minusSeconds(RACY_SECONDS);
        return status.changed().compareTo(limit) < 0 && status.modified().compareTo(limit) < 0;
    }

    /** True where nobody has changed the file, or put another one in its place, between these two looks; the first one was settled. */
    public static boolean isSame(FileStatus first, FileStatus second) {
        return first.isSameFile(second)
                && first.size() == second.size()
                && first.modified().equals(second.modified())
                && first.changed().equals(second.changed());
    }

    private static int checksum(byte[] bytes) {
        CRC32C sum = new CRC32C();
        sum.update(bytes);
        return (int) sum.getValue();
    }

    private static String identity(FileStatus status) {
        return status.device() + " " + status.inode() + " " + status.size() + " " + time(status.modified()) + " "
                + time(status.changed());
    }

    private static String time(Timestamp time) {
        return time.seconds() + "." + time.nanos();
    }

    byte[] encode() {
        String text = String.join("\n", HEADER, manifest.toHex(), identity, Integer.toHexString(checksum)) + "\n";
        return (text + own(text)).getBytes(StandardCharsets.US_ASCII);
    }

    /** Empty where the bytes are damaged or of another version: then the file is read in full once more. */
    static Optional<Sighting> decode(byte[] bytes) {
        String[] lines = new String(bytes, StandardCharsets.US_ASCII).split("\n", -1);
        if (lines.length != 5 || !lines[0].equals(HEADER) || !Digest.isHex(lines[1])) {
            return Optional.empty();
        }
        Sighting sighting;
        try {
            sighting = new Sighting(Digest.fromHex(lines[1]), lines[2], Integer.parseUnsignedInt(lines[3], 16));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
        return java.util.Arrays.equals(sighting.encode(), bytes) ? Optional.of(sighting) : Optional.empty();
    }

    private static String own(String text) {
        return Digest.of(text.getBytes(StandardCharsets.US_ASCII)).toHex();
    }
}
