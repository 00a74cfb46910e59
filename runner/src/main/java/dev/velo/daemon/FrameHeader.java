package dev.velo.daemon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The first bytes of every frame. */
final class FrameHeader {
    static final int LENGTH = 16;
    static final int VERSION = 1;
    private static final int MAGIC = 'V' | 'E' << 8 | 'L' << 16 | 'O' << 24;

    private FrameHeader() {}

    /** @return header and body, ready to be written */
    static ByteBuffer frame(FrameType type, byte[] body) {
        return frame(type, body, 0, body.length);
    }

    static ByteBuffer frame(FrameType type, byte[] body, int from, int length) {
        if (!type.allows(length)) {
            throw new IllegalArgumentException(type + " of " + length + " bytes");
        }
        return ByteBuffer.allocate(LENGTH + length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(MAGIC)
                .putInt(VERSION)
                .putInt(type.number())
                .putInt(length)
                .put(body, from, length)
                .flip();
    }

    /** @return the length of the body that follows, which this type allows */
    static int bodyLength(ByteBuffer header, FrameType expected) throws FrameException {
        ByteBuffer fields = header.order(ByteOrder.LITTLE_ENDIAN);
        if (fields.getInt() != MAGIC) {
            throw new FrameException("no frame");
        }
        int version = fields.getInt();
        if (version != VERSION) {
            throw new FrameException.OtherVersion(version);
        }
        int type = fields.getInt();
        if (type != expected.number()) {
            throw new FrameException(
                    "a frame of type " + Integer.toUnsignedString(type) + " where " + expected + " belongs");
        }
        int length = fields.getInt();
        if (!expected.allows(length)) {
            throw new FrameException(expected + " of " + Integer.toUnsignedString(length) + " bytes");
        }
        return length;
    }
}
