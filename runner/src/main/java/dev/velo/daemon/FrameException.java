package dev.velo.daemon;

import java.io.IOException;

/** What came is no frame of the protocol. */
class FrameException extends IOException {
    FrameException(String message) {
        super(message);
    }

    /** It is one of another version: the header is the same in all. */
    static final class OtherVersion extends FrameException {
        OtherVersion(int version) {
            super("protocol version " + Integer.toUnsignedString(version));
        }
    }
}
