package dev.velo.daemon;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** The fields of a body, in their order. */
final class BodyReader {
    private final ByteBuffer body;

    BodyReader(byte[] body) {
        this.body = ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
    }

    int number() throws FrameException {
        has(Integer.BYTES);
        return body.getInt();
    }

    long wideNumber() throws FrameException {
        has(Long.BYTES);
        return body.getLong();
    }

    /** Bytes of any kind but NUL: what Linux hands a program as arguments, environment and paths has none. */
    byte[] text() throws FrameException {
        byte[] bytes = new byte[has(number())];
        body.get(bytes);
        for (byte each : bytes) {
            if (each == 0) {
                throw new FrameException("a text with a NUL byte");
            }
        }
        return bytes;
    }

    List<byte[]> texts() throws FrameException {
        int count = number();
        // Each has at least its length, so a count that cannot be true claims no memory.
        if (count < 0 || count > body.remaining() / Integer.BYTES) {
            throw new FrameException(Integer.toUnsignedString(count) + " texts in a body that is too short");
        }
        List<byte[]> texts = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            texts.add(text());
        }
        return texts;
    }

    byte[] rest() {
        byte[] bytes = new byte[body.remaining()];
        body.get(bytes);
        return bytes;
    }

    void end() throws FrameException {
        if (body.hasRemaining()) {
            throw new FrameException(body.remaining() + " bytes behind the last field");
        }
    }

    private int has(int length) throws FrameException {
        if (length < 0 || length > body.remaining()) {
            throw new FrameException("a field that is longer than its body");
        }
        return length;
    }
}
