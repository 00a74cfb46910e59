package dev.velo.daemon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Which process a client wants.
 *
 * @param identity compared byte by byte with what the process was started for, and never read
 */
record Hello(String build, byte[] identity) {
    static Hello decode(byte[] body) throws FrameException {
        BodyReader fields = new BodyReader(body);
        return new Hello(new String(fields.text(), StandardCharsets.ISO_8859_1), fields.rest());
    }

    byte[] frame() {
        byte[] text = build.getBytes(StandardCharsets.ISO_8859_1);
        byte[] body = ByteBuffer.allocate(Integer.BYTES + text.length + identity.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(text.length)
                .put(text)
                .put(identity)
                .array();
        return FrameHeader.frame(FrameType.HELLO, body).array();
    }
}
