package dev.velo.daemon.socket;

import java.nio.ByteBuffer;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

/** Memory for the structures of system calls: of one thread, for one call at a time. Layouts are those of Linux on 64-bit machines. */
final class Scratch {
    private static final int SCM_RIGHTS = 1;

    /** struct msghdr: name, its length, vector, its length, control, its length, flags. */
    private static final int MESSAGE = 56;

    private static final int VECTOR = 16;
    private static final int VECTOR_LENGTH = 24;
    private static final int CONTROL = 32;
    private static final int CONTROL_LENGTH = 40;

    /** struct cmsghdr: length, level, type, and one descriptor with its padding. */
    private static final int RIGHTS = 24;

    private static final int RIGHTS_USED = 20;

    private final ByteBuffer poll = Sockets.direct(8);
    private final ByteBuffer bytes = Sockets.direct(Connection.CHUNK);
    private final ByteBuffer structures = Sockets.direct(MESSAGE + 16 + RIGHTS);
    private final Pointer message;
    private final ByteBuffer credentials = Sockets.direct(12);
    private final ByteBuffer length = Sockets.direct(4);

    Scratch(Runtime runtime) {
        message = Pointer.wrap(runtime, structures);
        long at = message.address();
        structures.putLong(VECTOR, at + MESSAGE).putLong(VECTOR_LENGTH, 1);
        structures.putLong(CONTROL, at + MESSAGE + 16).putLong(CONTROL_LENGTH, RIGHTS);
        structures.putLong(MESSAGE, Pointer.wrap(runtime, bytes).address());
        structures
                .putLong(MESSAGE + 16, RIGHTS_USED)
                .putInt(MESSAGE + 24, Kernel.SOL_SOCKET)
                .putInt(MESSAGE + 28, SCM_RIGHTS);
    }

    ByteBuffer poll() {
        return poll;
    }

    /** {@link Connection#CHUNK} bytes, empty. */
    ByteBuffer bytes() {
        return bytes.clear();
    }

    /** struct ucred: process, user, group. */
    ByteBuffer credentials() {
        return credentials;
    }

    /** How large that is. */
    ByteBuffer credentialsLength() {
        return length.putInt(0, credentials.capacity());
    }

    /** A message of so many first bytes of {@link #bytes}, and a descriptor. */
    Pointer message(int count, int descriptor) {
        structures.putLong(MESSAGE + 8, count).putInt(MESSAGE + 32, descriptor);
        return message;
    }
}
