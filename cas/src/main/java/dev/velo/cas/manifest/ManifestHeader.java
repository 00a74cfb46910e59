package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.Arrays;

/**
 * What the header of a manifest says of the rest, proven against the length of the file: the check in constant time, before memory is
 * taken for the rest.
 */
record ManifestHeader(int entries, int slots) {
    /**
     * @param head the beginning of the file, {@link ManifestFormat#HEADER} bytes of it where it has them
     * @param length of the whole file
     * @param name of the file, for messages
     */
    static ManifestHeader check(byte[] head, long length, String name) throws ManifestException {
        ByteBuffer in = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        checkKind(in, length, name);
        if (in.getLong(ManifestFormat.H_LENGTH) != length) {
            throw ManifestException.damaged(
                    name,
                    "byte " + length + ": the file should have "
                            + Long.toUnsignedString(in.getLong(ManifestFormat.H_LENGTH)) + " bytes");
        }
        if (length > ManifestFormat.MAX_FILE) {
            throw new ManifestException(
                    "cannot read manifest " + name + ": it is larger than 2 GiB",
                    "split the tree into several manifests");
        }
        int entries = in.getInt(ManifestFormat.H_ENTRIES);
        int slots = in.getInt(ManifestFormat.H_SLOTS);
        long room = (length - ManifestFormat.HEADER) / ManifestFormat.ENTRY;
        if (entries < 1 || entries > room || slots != ManifestFormat.slots(entries)) {
            throw ManifestException.damaged(
                    name, "byte " + ManifestFormat.H_ENTRIES + ": impossible number of entries or slots");
        }
        if (ManifestFormat.entry(entries) + (long) ManifestFormat.SLOT * slots > length) {
            throw ManifestException.damaged(name, "byte " + length + ": the file ends inside the slots");
        }
        return new ManifestHeader(entries, slots);
    }

    private static void checkKind(ByteBuffer in, long length, String name) throws ManifestException {
        byte[] head = in.array();
        int magic = Math.min(head.length, ManifestFormat.MAGIC.length);
        if (magic == 0 || !Arrays.equals(head, 0, magic, ManifestFormat.MAGIC, 0, magic)) {
            throw new ManifestException(
                    "cannot read manifest " + name + ": it is "
                            + (length == 0 ? "an empty file" : "not a Velo manifest"),
                    "name a file that velo ingest wrote");
        }
        if (head.length < ManifestFormat.HEADER) {
            throw ManifestException.damaged(name, "byte " + head.length + ": the file ends inside the header");
        }
        MessageDigest sum = Digest.function();
        sum.update(head, 0, ManifestFormat.H_CHECKSUM);
        if (!Arrays.equals(sum.digest(), 0, Long.BYTES, head, ManifestFormat.H_CHECKSUM, ManifestFormat.HEADER)) {
            throw ManifestException.damaged(
                    name, "byte " + ManifestFormat.H_CHECKSUM + ": the checksum of the header does not match");
        }
        // Behind the checksum, or a flipped bit in the version would send its reader after a newer velo.
        int version = in.getInt(ManifestFormat.H_VERSION);
        int function = in.getInt(ManifestFormat.H_FUNCTION);
        if (version != ManifestFormat.VERSION || function != ManifestFormat.SHA_256) {
            throw new ManifestException(
                    "cannot read manifest " + name + ": it has format " + Integer.toUnsignedString(version)
                            + " and digest function " + Integer.toUnsignedString(function)
                            + ", this velo reads format 1 with function 1",
                    "use a newer velo");
        }
    }

    /** The offset of the slots in the file. */
    int slotsAt() {
        return ManifestFormat.entry(entries);
    }

    /** The offset of the strings in the file. */
    int stringsAt() {
        return slotsAt() + ManifestFormat.SLOT * slots;
    }
}
