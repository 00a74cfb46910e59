package dev.velo.transfer;

import dev.velo.cas.Digest;

/**
 * A content as both sides of a transfer name it.
 *
 * @param size in bytes
 */
public record Blob(Digest digest, long size) {
    public Blob {
        if (size < 0) {
            throw new IllegalArgumentException("a blob has no negative size");
        }
    }

    /** {@code HEX/SIZE}, the form in which the Remote Execution API writes a digest on one line. */
    @Override
    public String toString() {
        return digest.toHex() + "/" + size;
    }
}
