package dev.velo.cas;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;

/** A SHA-256 digest (FIPS 180-4): the identity of a blob, a directory or a manifest. Immutable. */
public final class Digest implements Comparable<Digest> {
    /** Length in bytes. */
    public static final int LENGTH = 32;

    /** The digest of no bytes at all. */
    public static final Digest EMPTY = of(new byte[0]);

    private final byte[] bytes;

    private Digest(byte[] bytes) {
        this.bytes = bytes;
    }

    /** A fresh function; the caller owns it. */
    public static MessageDigest function() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** The digest of these bytes. */
    public static Digest of(byte[] content) {
        return new Digest(function().digest(content));
    }

    /** Takes what {@link MessageDigest#digest()} of {@link #function()} returned. */
    public static Digest finish(MessageDigest function) {
        return new Digest(function.digest());
    }

    /** Wraps 32 bytes, copied. */
    public static Digest fromBytes(byte[] bytes) {
        if (bytes.length != LENGTH) {
            throw new IllegalArgumentException("a digest has 32 bytes, not " + bytes.length);
        }
        return new Digest(bytes.clone());
    }

    /** The 32 bytes from an offset on, copied. */
    public static Digest fromBytes(byte[] bytes, int offset) {
        return new Digest(Arrays.copyOfRange(bytes, offset, offset + LENGTH));
    }

    /** Reads 64 lower-case hexadecimal digits. */
    public static Digest fromHex(String hex) {
        if (!isHex(hex)) {
            throw new IllegalArgumentException("not a SHA-256 digest in lower-case hexadecimal: " + hex);
        }
        return new Digest(HexFormat.of().parseHex(hex));
    }

    /** True for 64 lower-case hexadecimal digits. */
    public static boolean isHex(String text) {
        if (text.length() != 2 * LENGTH) {
            return false;
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }

    public byte[] toBytes() {
        return bytes.clone();
    }

    /** One of its 32 bytes. */
    public byte byteAt(int index) {
        return bytes[index];
    }

    public String toHex() {
        return HexFormat.of().formatHex(bytes);
    }

    @Override
    public int compareTo(Digest other) {
        return Arrays.compareUnsigned(bytes, other.bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Digest d && Arrays.equals(bytes, d.bytes);
    }

    /** The first four bytes: they are uniformly distributed already. */
    @Override
    public int hashCode() {
        return (bytes[0] << 24) | ((bytes[1] & 0xff) << 16) | ((bytes[2] & 0xff) << 8) | (bytes[3] & 0xff);
    }

    @Override
    public String toString() {
        return toHex();
    }
}
