package dev.velo.cas.collect;

import java.nio.ByteBuffer;

/**
 * A set of digests with a few bits each, 33 bytes a slot: a million objects would take three times as much. Open addressing, never more than
 * five eighths full. Not thread-safe.
 */
final class DigestTable {
    private static final int WORDS = 4;

    private long[] words = new long[64 * WORDS];
    private byte[] bits = new byte[64];
    private int size;

    /** Adds bits, not 0, to those of a digest. */
    void add(ByteBuffer digest, int at, int newBits) {
        if (size >= bits.length / 8 * 5) {
            grow();
        }
        put(digest.getLong(at), digest.getLong(at + 8), digest.getLong(at + 16), digest.getLong(at + 24), newBits);
    }

    /** The bits of a digest, 0 where it was never added. */
    int bits(long first, long second, long third, long fourth) {
        return bits[slot(first, second, third, fourth)];
    }

    int size() {
        return size;
    }

    private void put(long first, long second, long third, long fourth, int newBits) {
        int slot = slot(first, second, third, fourth);
        if (bits[slot] == 0) {
            size++;
            words[slot * WORDS] = first;
            words[slot * WORDS + 1] = second;
            words[slot * WORDS + 2] = third;
            words[slot * WORDS + 3] = fourth;
        }
        bits[slot] |= (byte) newBits;
    }

    /** Where a digest is, or would be. Its own bits are uniformly distributed; the first ones choose among tables. */
    private int slot(long first, long second, long third, long fourth) {
        int mask = bits.length - 1;
        for (int slot = (int) second & mask; ; slot = (slot + 1) & mask) {
            int at = slot * WORDS;
            if (bits[slot] == 0
                    || (words[at] == first
                            && words[at + 1] == second
                            && words[at + 2] == third
                            && words[at + 3] == fourth)) {
                return slot;
            }
        }
    }

    private void grow() {
        long[] oldWords = words;
        byte[] oldBits = bits;
        words = new long[oldWords.length * 2];
        bits = new byte[oldBits.length * 2];
        size = 0;
        for (int slot = 0; slot < oldBits.length; slot++) {
            if (oldBits[slot] != 0) {
                int at = slot * WORDS;
                put(oldWords[at], oldWords[at + 1], oldWords[at + 2], oldWords[at + 3], oldBits[slot]);
            }
        }
    }
}
