package dev.velo.cas.posix;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/**
 * One thread's memory outside the heap for names and small structures. Calls get plain addresses: an array handed to a native function is
 * pinned or copied by the binding each time, which costs as much as the call itself.
 */
final class Scratch {
    private static final int NAME = 512;
    private static final int STATUS = 256;
    private static final int TIMES = 32;
    private static final int LIST = 64 << 10;

    /** A piece of memory that grows. */
    private static final class Piece {
        private final Runtime runtime;
        private ByteBuffer memory;
        private long address;

        Piece(Runtime runtime, int size) {
            this.runtime = runtime;
            reserve(size);
        }

        void reserve(int size) {
            if (memory == null || memory.capacity() < size) {
                memory = ByteBuffer.allocateDirect(size).order(ByteOrder.nativeOrder());
                address = Pointer.wrap(runtime, memory).address();
            }
        }

        /** The bytes and a NUL. */
        long hold(byte[] name) {
            for (byte b : name) {
                if (b == 0) {
                    throw new IllegalArgumentException("NUL in a file name");
                }
            }
            reserve(name.length + 1);
            memory.put(0, name).put(name.length, (byte) 0);
            return address;
        }
    }

    private final Piece name;
    private final Piece other;
    private final Piece status;
    private final Piece times;
    private final Runtime runtime;
    private Piece list;

    Scratch(Runtime runtime) {
        this.runtime = runtime;
        this.name = new Piece(runtime, NAME);
        this.other = new Piece(runtime, NAME);
        this.status = new Piece(runtime, STATUS);
        this.times = new Piece(runtime, TIMES);
    }

    /** The address of a name that ends with NUL, until the next call of this method. */
    long name(byte[] bytes) {
        return name.hold(bytes);
    }

    /** The same for a second name, or for another byte string, of the same call. */
    long other(byte[] bytes) {
        return other.hold(bytes);
    }

    /** The address of bytes of any value, in the place of the second name. */
    long raw(byte[] bytes) {
        other.reserve(bytes.length);
        other.memory.put(0, bytes);
        return other.address;
    }

    long statusAddress() {
        return status.address;
    }

    ByteBuffer status() {
        return status.memory;
    }

    /** Two struct timespec: of the access, of the modification. */
    long times(long accessSeconds, long accessNanos, long modifiedSeconds, long modifiedNanos) {
        times.memory
                .putLong(0, accessSeconds)
                .putLong(8, accessNanos)
                .putLong(16, modifiedSeconds)
                .putLong(24, modifiedNanos);
        return times.address;
    }

    long listAddress() {
        return list().address;
    }

    ByteBuffer listMemory() {
        return list().memory;
    }

    private Piece list() {
        if (list == null) {
            list = new Piece(runtime, LIST);
        }
        return list;
    }
}
