package dev.velo.cas.manifest;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The hash of the slot table: docs/formats/manifest.md. Spreads paths; proves nothing. */
final class PathHash {
    private static final VarHandle WORDS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long SEED = 0x9E3779B97F4A7C15L;
    private static final long FACTOR = 0xC2B2AE3D27D4EB4FL;

    private PathHash() {}

    static long of(byte[] path) {
        return of(path, 0, path.length);
    }

    /** The hash of the path that stands somewhere in an array. */
    static long of(byte[] bytes, int start, int length) {
        long h = SEED ^ (length * FACTOR);
        int at = start;
        int end = start + length;
        for (; at <= end - Long.BYTES; at += Long.BYTES) {
            h = mix(h, (long) WORDS.get(bytes, at));
        }
        if (at < end) {
            long last = 0;
            for (int i = end - 1; i >= at; i--) {
                last = (last << 8) | (bytes[i] & 0xff);
            }
            h = mix(h, last);
        }
        h ^= h >>> 32;
        h *= FACTOR;
        return h ^ (h >>> 29);
    }

    private static long mix(long h, long word) {
        return Long.rotateLeft(h ^ (word * FACTOR), 29) * SEED;
    }
}
