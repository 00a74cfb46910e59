package dev.velo.cas;

import dev.velo.cas.posix.ErrnoException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** One component of a path as raw bytes: 1 to 255 of them, no {@code /}, no NUL, not {@code .} or {@code ..}. Immutable. */
public final class FileName implements Comparable<FileName> {
    /** NAME_MAX of every Linux file system that Velo can use. */
    public static final int MAX_LENGTH = 255;

    private final byte[] bytes;

    private FileName(byte[] bytes) {
        this.bytes = bytes;
    }

    /** @throws IllegalArgumentException with the rule that the name breaks */
    public static FileName of(byte[] bytes) {
        String fault = fault(bytes);
        if (fault != null) {
            throw new IllegalArgumentException(fault);
        }
        return new FileName(bytes.clone());
    }

    public static FileName of(String utf8) {
        return of(utf8.getBytes(StandardCharsets.UTF_8));
    }

    /** The rule that these bytes break as a name, or null where they break none. */
    public static String fault(byte[] bytes) {
        if (bytes.length == 0) {
            return "empty name";
        }
        if (bytes.length > MAX_LENGTH) {
            return "name longer than 255 bytes";
        }
        if (bytes[0] == '.' && (bytes.length == 1 || (bytes.length == 2 && bytes[1] == '.'))) {
            return "name '" + new String(bytes, StandardCharsets.US_ASCII) + "'";
        }
        for (byte b : bytes) {
            if (b == '/') {
                return "name with a slash";
            }
            if (b == 0) {
                return "name with a NUL byte";
            }
        }
        return null;
    }

    public byte[] toBytes() {
        return bytes.clone();
    }

    public int length() {
        return bytes.length;
    }

    /** Bytewise, unsigned: the order of entries in a manifest. */
    @Override
    public int compareTo(FileName other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FileName n && Arrays.equals(bytes, n.bytes);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(bytes);
    }

    /** For messages: UTF-8 where it is, escaped bytes where not. */
    @Override
    public String toString() {
        return ErrnoException.printable(bytes);
    }
}
