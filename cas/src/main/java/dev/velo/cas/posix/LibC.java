package dev.velo.cas.posix;

import java.nio.ByteBuffer;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Out;
import jnr.ffi.annotations.Variadic;
import jnr.ffi.types.size_t;
import jnr.ffi.types.ssize_t;

/**
 * The functions of the C library that {@link PosixFileOps} binds. Names are addresses of bytes that end with NUL where calls are many (see
 * {@link Scratch}), else byte arrays that do.
 */
public interface LibC {
    @Variadic(fixedCount = 3)
    int openat(int dir, long path, int flags, int mode);

    int close(int fd);

    @ssize_t
    long read(int fd, @Out ByteBuffer buffer, @size_t long count);

    @ssize_t
    long pread(int fd, @Out ByteBuffer buffer, @size_t long count, long offset);

    @ssize_t
    long write(int fd, @In ByteBuffer buffer, @size_t long count);

    int statx(int dir, long path, int flags, int mask, long status);

    @ssize_t
    long getdents64(int fd, long buffer, @size_t long count);

    @ssize_t
    long readlinkat(int dir, @In byte[] path, @Out byte[] buffer, @size_t long size);

    int mkdirat(int dir, long path, int mode);

    int linkat(int fromDir, long from, int toDir, long to, int flags);

    int symlinkat(long target, int dir, long path);

    int mknodat(int dir, long path, int mode, long device);

    int unlinkat(int dir, long path, int flags);

    int renameat2(int fromDir, long from, int toDir, long to, int flags);

    int fchmod(int fd, int mode);

    int fchmodat(int dir, long path, int mode, int flags);

    int fchown(int fd, int uid, int gid);

    int fchownat(int dir, long path, int uid, int gid, int flags);

    int futimens(int fd, long times);

    int utimensat(int dir, long path, long times, int flags);

    int ftruncate(int fd, long length);

    int fsync(int fd);

    int syncfs(int fd);

    /** The type is the first word of the result. */
    int fstatfs(int fd, @Out ByteBuffer result);

    int flock(int fd, int operation);

    @Variadic(fixedCount = 2)
    int ioctl(int fd, long request, int argument);

    /** Where the kernel reads or writes an int behind the pointer; the request's number says long, the kernel means int. */
    @Variadic(fixedCount = 2)
    int ioctl(int fd, long request, @In @Out int[] argument);

    long lseek(int fd, long offset, int whence);

    @ssize_t
    long lgetxattr(@In byte[] path, @In byte[] name, @Out byte[] value, @size_t long size);

    @ssize_t
    long llistxattr(@In byte[] path, @Out byte[] names, @size_t long size);

    int fsetxattr(int fd, long name, long value, @size_t long size, int flags);

    @Variadic(fixedCount = 2)
    int fcntl(int fd, int command, int argument);

    int getrlimit(int resource, @Out long[] limit);

    int setrlimit(int resource, @In long[] limit);

    int geteuid();

    int getegid();

    int setfsuid(int uid);

    int setfsgid(int gid);
}
