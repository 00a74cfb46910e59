package dev.velo.cas.posix;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A system call that failed, with errno kept as data. */
public final class ErrnoException extends IOException {
    private final transient Errno errno;

    public ErrnoException(String call, byte[] object, Errno errno) {
        super(call + " " + printable(object) + ": " + errno.text());
        this.errno = errno;
    }

    /** The cause, never null; {@link Errno#OTHER} for one that this package has no name for. */
    public Errno errno() {
        return errno;
    }

    public boolean is(Errno candidate) {
        return errno == candidate;
    }

    /** A name for messages: valid UTF-8 as it is, every other byte and every control character as {@code \xHH}. */
    public static String printable(byte[] name) {
        String text = new String(name, StandardCharsets.UTF_8);
        boolean exact = text.indexOf('\uFFFD') < 0;
        StringBuilder out = new StringBuilder(name.length);
        if (exact) {
            text.codePoints().forEach(c -> {
                if (c < 0x20 || c == 0x7f) {
                    appendHex(out, c);
                } else {
                    out.appendCodePoint(c);
                }
            });
            return out.toString();
        }
        for (byte b : name) {
            if (b >= 0x20 && b < 0x7f) {
                out.append((char) b);
            } else {
                appendHex(out, b & 0xff);
            }
        }
        return out.toString();
    }

    private static void appendHex(StringBuilder out, int value) {
        out.append("\\x")
                .append(Character.forDigit((value >> 4) & 0xf, 16))
                .append(Character.forDigit(value & 0xf, 16));
    }
}
