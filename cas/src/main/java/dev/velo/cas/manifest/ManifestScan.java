package dev.velo.cas.manifest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Reads what a manifest needs straight from its bytes, without making a tree of them. Only for bytes whose digest is that of a manifest which
 * has been read in full before: an equal digest makes them the same bytes.
 */
public final class ManifestScan {
    /** Takes one regular file after the other. */
    @FunctionalInterface
    public interface Visitor {
        /** @param digestAt where the 32 bytes of the content's digest begin in {@code bytes} */
        void file(byte[] bytes, int digestAt, boolean executable);
    }

    private ManifestScan() {}

    /** @throws ManifestException where these are no bytes of a manifest after all */
    public static void files(byte[] bytes, String name, Visitor visitor) throws ManifestException {
        byte[] head = Arrays.copyOf(bytes, Math.min(bytes.length, ManifestFormat.HEADER));
        int entries = ManifestHeader.check(head, bytes.length, name).entries();
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int file = EntryType.FILE.code();
        for (int i = 0; i < entries; i++) {
            int at = ManifestFormat.entry(i);
            if (bytes[at + ManifestFormat.E_TYPE] == file) {
                int mode = in.getShort(at + ManifestFormat.E_MODE) & 0xffff;
                visitor.file(bytes, at + ManifestFormat.E_DIGEST, FileNode.isExecutable(mode));
            }
        }
    }
}
