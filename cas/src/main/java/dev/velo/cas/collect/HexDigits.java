package dev.velo.cas.collect;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Reads hexadecimal digits eight at a time: a collection reads 62 of them for each blob of the store. */
final class HexDigits {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private HexDigits() {}

    /**
     * The number that eight lower-case digits stand for; any number where they are no digits.
     *
     * <p>A digit is 0x3_ and a letter 0x6_ with 1 for a: the low half of the byte, and 9 more where bit 6 is set. Then neighbours are
     * joined, first halves to bytes, then bytes, then pairs of them.
     */
    static long eight(byte[] text, int at) {
        long ascii = (long) LONG.get(text, at);
        long halves = (ascii & 0x0f0f_0f0f_0f0f_0f0fL) + (ascii >>> 6 & 0x0101_0101_0101_0101L) * 9;
        long bytes = (halves | halves >>> 4) & 0x00ff_00ff_00ff_00ffL;
        long pairs = (bytes | bytes >>> 8) & 0x0000_ffff_0000_ffffL;
        return (pairs | pairs >>> 16) & 0xffff_ffffL;
    }
}
