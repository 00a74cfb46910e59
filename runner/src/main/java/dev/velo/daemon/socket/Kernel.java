package dev.velo.daemon.socket;

import java.nio.ByteBuffer;
import jnr.ffi.Pointer;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/** System calls on sockets. The library for sockets wraps each in several others. */
public interface Kernel {
    int SOL_SOCKET = 1;

    int poll(@In @Out ByteBuffer descriptors, long count, int milliseconds);

    int accept4(int socket, Pointer address, Pointer length, int flags);

    int getsockopt(int socket, int level, int option, @Out ByteBuffer value, @In @Out ByteBuffer length);

    @ssize_t
    long recv(int socket, @Out ByteBuffer into, @size_t long length, int flags);

    @ssize_t
    long send(int socket, @In ByteBuffer from, @size_t long length, int flags);

    @ssize_t
    long sendmsg(int socket, Pointer message, int flags);

    int close(int descriptor);

    int umask(int bits);
}
