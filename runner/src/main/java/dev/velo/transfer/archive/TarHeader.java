package dev.velo.transfer.archive;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The header block of one entry of a tar file, in the part of the ustar form (POSIX.1-1988) that an archive uses: names of at most 100
 * ASCII characters, regular files and directories, nothing that continues in another entry. Sizes from 8 GiB on are in base 256, as GNU
 * tar, bsdtar and busybox read them.
 *
 * @param name without a leading {@code ./}
 */
record TarHeader(String name, boolean directory, long size) {
    static final int BLOCK = 512;

    private static final int NAME_LENGTH = 100;
    private static final int MODE = 100;
    private static final int UID = 108;
    private static final int GID = 116;
    private static final int SIZE = 124;
    private static final int SIZE_LENGTH = 12;
    private static final int TIME = 136;
    private static final int SUM = 148;
    private static final int SUM_LENGTH = 8;
    private static final int TYPE = 156;
    private static final int MAGIC = 257;
    private static final int PREFIX = 345;
    private static final long OCTAL_LIMIT = 1L << 33;

    /** Every entry carries it: 2000-01-01T00:00:00Z, the modification time of every blob in a store. */
    private static final long FIXED_TIME = 946_684_800L;

    /** What is wrong with a header. */
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        Malformed(String what) {
            super(what);
        }
    }

    byte[] encode() {
        byte[] block = new byte[BLOCK];
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        if (text.length > NAME_LENGTH) {
            throw new IllegalArgumentException("no name of an archive is that long: " + name);
        }
        System.arraycopy(text, 0, block, 0, text.length);
        octal(block, MODE, 7, 0444);
        octal(block, UID, 7, 0);
        octal(block, GID, 7, 0);
        if (size < OCTAL_LIMIT) {
            octal(block, SIZE, SIZE_LENGTH - 1, size);
        } else {
            block[SIZE] = (byte) 0x80;
            for (int i = 0; i < Long.BYTES; i++) {
                block[SIZE + SIZE_LENGTH - 1 - i] = (byte) (size >>> (8 * i));
            }
        }
        octal(block, TIME, 11, FIXED_TIME);
        block[TYPE] = '0';
        System.arraycopy("ustar\00000".getBytes(StandardCharsets.US_ASCII), 0, block, MAGIC, 8);
        octal(block, SUM, 6, sum(block));
        block[SUM + 7] = ' ';
        return block;
    }

    private static void octal(byte[] block, int at, int digits, long value) {
        for (int i = digits - 1; i >= 0; i--) {
            block[at + i] = (byte) ('0' + (value & 7));
            value >>>= 3;
        }
    }

    /** Null for a block of zeros, which ends an archive. */
    static TarHeader decode(byte[] block) throws Malformed {
        if (isZero(block)) {
            return null;
        }
        if (number(block, SUM, SUM_LENGTH) != sum(block)) {
            throw new Malformed("the checksum of a header does not match");
        }
        String name = text(block, 0, NAME_LENGTH);
        if (block[PREFIX] != 0 && text(block, MAGIC, 5).equals("ustar")) {
            throw new Malformed("the name of an entry is longer than any of an archive");
        }
        byte type = block[TYPE];
        if (type != '0' && type != 0 && type != '5') {
            throw new Malformed("entry " + name + " is neither a regular file nor a directory");
        }
        boolean directory = type == '5';
        long size = (block[SIZE] & 0x80) != 0 ? base256(block) : number(block, SIZE, SIZE_LENGTH);
        if (directory && size != 0) {
            throw new Malformed("directory " + name + " has content");
        }
        return new TarHeader(plain(name), directory, size);
    }

    /** As {@code tar -C DIR .} writes names, without what it puts around them. */
    private static String plain(String name) {
        String plain = name.startsWith("./") ? name.substring(2) : name;
        return plain.endsWith("/") ? plain.substring(0, plain.length() - 1) : plain;
    }

    private static boolean isZero(byte[] block) {
        for (byte value : block) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    /** With the field of the sum itself as spaces. */
    private static long sum(byte[] block) {
        long sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= SUM && i < SUM + SUM_LENGTH ? ' ' : block[i] & 0xff;
        }
        return sum;
    }

    private static String text(byte[] block, int at, int length) throws Malformed {
        int end = at;
        for (; end < at + length && block[end] != 0; end++) {
            if (block[end] < 0x20 || block[end] == 0x7f) {
                throw new Malformed("a name has characters that no name of an archive has");
            }
        }
        return new String(Arrays.copyOfRange(block, at, end), StandardCharsets.US_ASCII);
    }

    private static long number(byte[] block, int at, int length) throws Malformed {
        String text = text(block, at, length).strip();
        if (!text.matches("[0-7]{1,12}")) {
            throw new Malformed("a number of a header is not octal");
        }
        return Long.parseLong(text, 8);
    }

    private static long base256(byte[] block) throws Malformed {
        long value = block[SIZE] & 0x7f;
        for (int i = 1; i < SIZE_LENGTH; i++) {
            if (value > Long.MAX_VALUE >>> 9) {
                throw new Malformed("the size of an entry is out of range");
            }
            value = value << 8 | block[SIZE + i] & 0xff;
        }
        return value;
    }

    /** Content and padding. */
    long paddedSize() {
        return (size + BLOCK - 1) / BLOCK * BLOCK;
    }
}
