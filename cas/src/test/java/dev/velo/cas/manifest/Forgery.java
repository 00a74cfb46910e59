package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;

/** Changes a manifest and makes its checksums right again, as whoever can write the file can. */
final class Forgery {
    private final byte[] bytes;
    private final ByteBuffer view;

    Forgery(byte[] manifest) {
        this.bytes = manifest.clone();
        this.view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static int field(int entry, int offset) {
        return ManifestFormat.HEADER + entry * ManifestFormat.ENTRY + offset;
    }

    int slot(int slot) {
        return field(view.getInt(ManifestFormat.H_ENTRIES), 0) + slot * ManifestFormat.SLOT;
    }

    /** The place of an entry's path in the file. */
    int path(int entry) {
        return slot(view.getInt(ManifestFormat.H_SLOTS)) + view.getInt(field(entry, ManifestFormat.E_PATH));
    }

    int u32(int at) {
        return view.getInt(at);
    }

    Forgery u8(int at, int value) {
        view.put(at, (byte) value);
        return this;
    }

    Forgery u16(int at, int value) {
        view.putShort(at, (short) value);
        return this;
    }

    Forgery u32(int at, int value) {
        view.putInt(at, value);
        return this;
    }

    Forgery i64(int at, long value) {
        view.putLong(at, value);
        return this;
    }

    byte[] repaired() {
        MessageDigest function = Digest.function();
        function.update(bytes, ManifestFormat.HEADER, bytes.length - ManifestFormat.HEADER);
        view.put(ManifestFormat.H_BODY_DIGEST, function.digest());
        function.update(bytes, 0, ManifestFormat.H_CHECKSUM);
        view.put(ManifestFormat.H_CHECKSUM, function.digest(), 0, Long.BYTES);
        return bytes;
    }
}
