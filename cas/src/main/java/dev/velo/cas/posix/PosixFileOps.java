package dev.velo.cas.posix;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;

/** {@link FileOps} by the C library. Constants are those of Linux on x86-64 and AArch64. */
final class PosixFileOps implements FileOps {
    private static final int O_RDONLY = 0;
    private static final int O_RDWR = 2;
    private static final int O_CREAT = 0100;
    private static final int O_EXCL = 0200;
    private static final int O_NOCTTY = 0400;
    private static final int O_NONBLOCK = 04000;
    private static final int O_NOATIME = 01000000;
    private static final int O_CLOEXEC = 02000000;
    // These two differ between the architectures (fcntl.h of the kernel's arch directories).
    private static final boolean ARM = "aarch64".equals(System.getProperty("os.arch"));
    private static final int O_DIRECTORY = ARM ? 040000 : 0200000;
    private static final int O_NOFOLLOW = ARM ? 0100000 : 0400000;

    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_REMOVEDIR = 0x200;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int RENAME_NOREPLACE = 1;
    private static final int STATX_BASIC_STATS = 0x7ff;
    private static final long UTIME_NOW = (1L << 30) - 1;
    private static final long UTIME_OMIT = (1L << 30) - 2;
    private static final int S_IFCHR = 0020000;
    private static final long FICLONE = 0x40049409L;
    private static final long FS_IOC_GETFLAGS = 0x80086601L;
    private static final long FS_IOC_SETFLAGS = 0x40086602L;
    private static final int FS_IMMUTABLE_FL = 0x10;
    private static final int SEEK_SET = 0;
    private static final int SEEK_DATA = 3;
    private static final int SEEK_HOLE = 4;
    private static final int ENXIO = 6;
    private static final int EINTR = 4;
    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int LOCK_UN = 8;
    private static final int F_GETFD = 1;
    private static final int F_SETFD = 2;
    private static final int FD_CLOEXEC = 1;
    private static final int F_SETSIG = 10;
    private static final int F_SETLEASE = 1024;
    private static final int F_RDLCK = 0;
    private static final int F_UNLCK = 2;
    private static final int SIGURG = 23;
    private static final int RLIMIT_NOFILE = 7;
    private static final byte[] EMPTY = new byte[0];

    private static final class Holder {
        static final PosixFileOps INSTANCE = new PosixFileOps();
    }

    private final LibC libc = LibraryLoader.create(LibC.class).load("c");
    private final Runtime runtime = Runtime.getRuntime(libc);
    private final ThreadLocal<Scratch> scratch = ThreadLocal.withInitial(() -> new Scratch(runtime));

    static PosixFileOps instance() {
        return Holder.INSTANCE;
    }

    @Override
    public Descriptor openDirectory(int dir, byte[] name) throws IOException {
        return open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    }

    @Override
    public Descriptor openDirectoryFollowing(byte[] path) throws IOException {
        return open(CWD, path, O_RDONLY | O_DIRECTORY, 0);
    }

    @Override
    public Descriptor openRead(int dir, byte[] name) throws IOException {
        return open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    }

    @Override
    public Descriptor openReadUnseen(int dir, byte[] name) throws IOException {
        try {
            return open(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_NOATIME, 0);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EPERM)) {
                throw e;
            }
            return openRead(dir, name);
        }
    }

    @Override
    public boolean mayBeWritten(int fd) {
        // Whoever opens the file at this moment has the kernel send a signal, which would be SIGIO and end the process.
        if (libc.fcntl(fd, F_SETSIG, SIGURG) != 0 || libc.fcntl(fd, F_SETLEASE, F_RDLCK) != 0) {
            return true;
        }
        libc.fcntl(fd, F_SETLEASE, F_UNLCK);
        return false;
    }

    @Override
    public Descriptor createFile(int dir, byte[] name, int permissions) throws IOException {
        return open(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, permissions);
    }

    @Override
    public Descriptor openOrCreate(int dir, byte[] name, int permissions) throws IOException {
        return open(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NOCTTY, permissions);
    }

    private Descriptor open(int dir, byte[] name, int flags, int permissions) throws IOException {
        long path = scratch.get().name(name);
        while (true) {
            int fd = libc.openat(dir, path, flags | O_CLOEXEC, permissions);
            if (fd >= 0) {
                return new Descriptor(this, fd);
            }
            if (runtime.getLastError() != EINTR) {
                throw failure("open", name);
            }
        }
    }

    @Override
    public void close(int fd) throws IOException {
        // On Linux the descriptor is gone even where close(2) fails, so EINTR must not be retried.
        if (libc.close(fd) != 0 && runtime.getLastError() != EINTR) {
            throw failure("close", EMPTY);
        }
    }

    @Override
    public int read(int fd, ByteBuffer into) throws IOException {
        while (true) {
            long count = libc.read(fd, into, into.remaining());
            if (count >= 0) {
                return advance(into, count);
            }
            if (runtime.getLastError() != EINTR) {
                throw failure("read", EMPTY);
            }
        }
    }

    @Override
    public int readAt(int fd, ByteBuffer into, long offset) throws IOException {
        while (true) {
            long count = libc.pread(fd, into, into.remaining(), offset);
            if (count >= 0) {
                return advance(into, count);
            }
            if (runtime.getLastError() != EINTR) {
                throw failure("read", EMPTY);
            }
        }
    }

    private static int advance(ByteBuffer buffer, long count) {
        if (count == 0 && buffer.hasRemaining()) {
            return -1;
        }
        buffer.position(buffer.position() + (int) count);
        return (int) count;
    }

    @Override
    public void write(int fd, ByteBuffer from) throws IOException {
        while (from.hasRemaining()) {
            long count = libc.write(fd, from, from.remaining());
            if (count >= 0) {
                from.position(from.position() + (int) count);
            } else if (runtime.getLastError() != EINTR) {
                throw failure("write", EMPTY);
            }
        }
    }

    @Override
    public FileStatus status(int dir, byte[] name) throws IOException {
        Scratch memory = scratch.get();
        long path = memory.name(name);
        if (libc.statx(dir, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, memory.statusAddress()) != 0) {
            throw failure("stat", name);
        }
        return decodeStatus(memory.status());
    }

    @Override
    public Optional<FileStatus> statusIfPresent(int dir, byte[] name) throws IOException {
        Scratch memory = scratch.get();
        long path = memory.name(name);
        if (libc.statx(dir, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, memory.statusAddress()) == 0) {
            return Optional.of(decodeStatus(memory.status()));
        }
        // No exception for what is asked for every new content.
        if (Errno.of(runtime.getLastError()) == Errno.ENOENT) {
            return Optional.empty();
        }
        throw failure("stat", name);
    }

    @Override
    public FileStatus status(int fd) throws IOException {
        Scratch memory = scratch.get();
        long path = memory.name(EMPTY);
        if (libc.statx(fd, path, AT_EMPTY_PATH, STATX_BASIC_STATS, memory.statusAddress()) != 0) {
            throw failure("stat", EMPTY);
        }
        return decodeStatus(memory.status());
    }

    /** Offsets of struct statx: linux/stat.h, the same on every architecture. */
    private static FileStatus decodeStatus(ByteBuffer b) {
        int mode = b.getShort(28) & 0xffff;
        return new FileStatus(
                FileType.ofMode(mode),
                mode & 07777,
                b.getInt(16),
                b.getInt(20),
                b.getInt(24),
                device(b.getInt(136), b.getInt(140)),
                b.getLong(32),
                b.getLong(40),
                b.getLong(48),
                new Timestamp(b.getLong(112), b.getInt(120)),
                new Timestamp(b.getLong(96), b.getInt(104)),
                device(b.getInt(128), b.getInt(132)));
    }

    private static long device(int major, int minor) {
        return ((long) major << 32) | (minor & 0xffffffffL);
    }

    @Override
    public List<DirectoryEntry> list(int dir) throws IOException {
        seek(dir, 0);
        List<DirectoryEntry> entries = new ArrayList<>();
        Scratch memory = scratch.get();
        ByteBuffer b = memory.listMemory();
        while (true) {
            long count = libc.getdents64(dir, memory.listAddress(), b.capacity());
            if (count < 0) {
                throw failure("list", EMPTY);
            }
            if (count == 0) {
                return entries;
            }
            // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name.
            for (int at = 0; at < count; at += b.getShort(at + 16) & 0xffff) {
                // Records are padded to eight bytes, so a name ends among the last eight: names are long, and this is a
                // hot loop.
                byte[] name = nameAt(b, at + 19, Math.max(19, (b.getShort(at + 16) & 0xffff) - 8) + at);
                if (!isDots(name)) {
                    entries.add(new DirectoryEntry(name, FileType.ofMode((b.get(at + 18) & 0xf) << 12), b.getLong(at)));
                }
            }
        }
    }

    private static byte[] nameAt(ByteBuffer b, int start, int searchFrom) {
        int end = searchFrom;
        while (b.get(end) != 0) {
            end++;
        }
        byte[] name = new byte[end - start];
        b.get(start, name);
        return name;
    }

    private static boolean isDots(byte[] name) {
        return name[0] == '.' && (name.length == 1 || (name.length == 2 && name[1] == '.'));
    }

    @Override
    public byte[] readLink(int dir, byte[] name) throws IOException {
        // A link's target is at most PATH_MAX - 1 bytes on every Linux file system.
        byte[] target = new byte[4096];
        long count = libc.readlinkat(dir, terminated(name), target, target.length);
        if (count < 0) {
            throw failure("read link", name);
        }
        return Arrays.copyOf(target, (int) count);
    }

    @Override
    public void makeDirectory(int dir, byte[] name, int permissions) throws IOException {
        check(libc.mkdirat(dir, scratch.get().name(name), permissions), "make directory", name);
    }

    @Override
    public void link(int fromDir, byte[] from, int toDir, byte[] to) throws IOException {
        Scratch memory = scratch.get();
        check(libc.linkat(fromDir, memory.name(from), toDir, memory.other(to), 0), "link", to);
    }

    @Override
    public void symlink(byte[] target, int dir, byte[] name) throws IOException {
        Scratch memory = scratch.get();
        check(libc.symlinkat(memory.other(target), dir, memory.name(name)), "make symbolic link", name);
    }

    @Override
    public void makeWhiteout(int dir, byte[] name) throws IOException {
        check(libc.mknodat(dir, scratch.get().name(name), S_IFCHR, 0), "make whiteout", name);
    }

    @Override
    public void unlink(int dir, byte[] name) throws IOException {
        check(libc.unlinkat(dir, scratch.get().name(name), 0), "remove", name);
    }

    @Override
    public void removeDirectory(int dir, byte[] name) throws IOException {
        check(libc.unlinkat(dir, scratch.get().name(name), AT_REMOVEDIR), "remove directory", name);
    }

    @Override
    public void rename(int fromDir, byte[] from, int toDir, byte[] to) throws IOException {
        Scratch memory = scratch.get();
        check(libc.renameat2(fromDir, memory.name(from), toDir, memory.other(to), 0), "rename", from);
    }

    @Override
    public void renameNew(int fromDir, byte[] from, int toDir, byte[] to) throws IOException {
        Scratch memory = scratch.get();
        check(libc.renameat2(fromDir, memory.name(from), toDir, memory.other(to), RENAME_NOREPLACE), "rename", from);
    }

    @Override
    public void changeMode(int fd, int permissions) throws IOException {
        check(libc.fchmod(fd, permissions), "change mode", EMPTY);
    }

    @Override
    public void changeMode(int dir, byte[] name, int permissions) throws IOException {
        check(libc.fchmodat(dir, scratch.get().name(name), permissions, 0), "change mode of", name);
    }

    @Override
    public void changeOwner(int fd, int uid, int gid) throws IOException {
        check(libc.fchown(fd, uid, gid), "change owner", EMPTY);
    }

    @Override
    public void changeOwner(int dir, byte[] name, int uid, int gid) throws IOException {
        check(libc.fchownat(dir, scratch.get().name(name), uid, gid, AT_SYMLINK_NOFOLLOW), "change owner of", name);
    }

    @Override
    public void setModified(int fd, Timestamp time) throws IOException {
        check(libc.futimens(fd, both(scratch.get(), time)), "set time", EMPTY);
    }

    @Override
    public void setModified(int dir, byte[] name, Timestamp time) throws IOException {
        Scratch memory = scratch.get();
        long times = both(memory, time);
        check(libc.utimensat(dir, memory.name(name), times, AT_SYMLINK_NOFOLLOW), "set time of", name);
    }

    private static long both(Scratch memory, Timestamp time) {
        return memory.times(time.seconds(), time.nanos(), time.seconds(), time.nanos());
    }

    @Override
    public void touch(int dir, byte[] name) throws IOException {
        Scratch memory = scratch.get();
        long times = memory.times(0, UTIME_NOW, 0, UTIME_OMIT);
        check(libc.utimensat(dir, memory.name(name), times, AT_SYMLINK_NOFOLLOW), "touch", name);
    }

    @Override
    public void truncate(int fd, long size) throws IOException {
        check(libc.ftruncate(fd, size), "set size", EMPTY);
    }

    @Override
    public void sync(int fd) throws IOException {
        check(libc.fsync(fd), "sync", EMPTY);
    }

    @Override
    public void syncFileSystem(int fd) throws IOException {
        check(libc.syncfs(fd), "sync file system", EMPTY);
    }

    @Override
    public long fileSystemType(int fd) throws IOException {
        ByteBuffer result = ByteBuffer.allocateDirect(256).order(ByteOrder.nativeOrder());
        check(libc.fstatfs(fd, result), "ask for the type of the file system", EMPTY);
        return result.getLong(0) & 0xffff_ffffL;
    }

    @Override
    public boolean tryLock(int fd, boolean exclusive) throws IOException {
        if (libc.flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) {
            return true;
        }
        if (Errno.of(runtime.getLastError()) == Errno.EAGAIN) {
            return false;
        }
        throw failure("lock", EMPTY);
    }

    @Override
    public void lock(int fd, boolean exclusive) throws IOException {
        while (libc.flock(fd, exclusive ? LOCK_EX : LOCK_SH) != 0) {
            if (runtime.getLastError() != EINTR) {
                throw failure("lock", EMPTY);
            }
        }
    }

    @Override
    public void unlock(int fd) throws IOException {
        check(libc.flock(fd, LOCK_UN), "unlock", EMPTY);
    }

    @Override
    public void clone(int from, int to) throws IOException {
        check(libc.ioctl(to, FICLONE, from), "clone", EMPTY);
    }

    @Override
    public boolean isImmutable(int fd) throws IOException {
        try {
            return (flags(fd) & FS_IMMUTABLE_FL) != 0;
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOTTY) || e.is(Errno.EOPNOTSUPP) || e.is(Errno.ENOSYS)) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void setImmutable(int fd, boolean immutable) throws IOException {
        int flags = flags(fd);
        int wanted = immutable ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
        if (wanted != flags) {
            check(libc.ioctl(fd, FS_IOC_SETFLAGS, new int[] {wanted, 0}), "change the flags", EMPTY);
        }
    }

    /** Two ints: a kernel that took the request's word for the size would write eight bytes. */
    private int flags(int fd) throws IOException {
        int[] flags = new int[2];
        check(libc.ioctl(fd, FS_IOC_GETFLAGS, flags), "read the flags", EMPTY);
        return flags[0];
    }

    @Override
    public long nextData(int fd, long offset) throws IOException {
        long at = libc.lseek(fd, offset, SEEK_DATA);
        if (at < 0) {
            if (runtime.getLastError() == ENXIO) {
                return -1;
            }
            throw failure("seek", EMPTY);
        }
        return at;
    }

    @Override
    public long nextHole(int fd, long offset) throws IOException {
        return seekTo(fd, offset, SEEK_HOLE);
    }

    @Override
    public void seek(int fd, long offset) throws IOException {
        seekTo(fd, offset, SEEK_SET);
    }

    private long seekTo(int fd, long offset, int whence) throws IOException {
        long at = libc.lseek(fd, offset, whence);
        if (at < 0) {
            throw failure("seek", EMPTY);
        }
        return at;
    }

    @Override
    public Optional<byte[]> attribute(int dir, byte[] name, String attribute) throws IOException {
        byte[] value = new byte[4096];
        long count = libc.lgetxattr(below(dir, name), terminated(ascii(attribute)), value, value.length);
        if (count >= 0) {
            return Optional.of(Arrays.copyOf(value, (int) count));
        }
        Errno errno = Errno.of(runtime.getLastError());
        if (errno == Errno.ENODATA || errno == Errno.EOPNOTSUPP || errno == Errno.EPERM) {
            return Optional.empty();
        }
        throw new ErrnoException("read attribute of", name, errno);
    }

    /** There is no lgetxattrat(2) before Linux 6.13; the magic link pins the directory all the same. */
    private static byte[] below(int dir, byte[] name) {
        return terminated(concat(ascii("/proc/self/fd/" + dir + "/"), name));
    }

    @Override
    public Set<String> attributeNames(int dir, byte[] name) throws IOException {
        // The kernel's own limit: XATTR_LIST_MAX.
        byte[] names = new byte[64 << 10];
        long count = libc.llistxattr(below(dir, name), names, names.length);
        if (count < 0) {
            Errno errno = Errno.of(runtime.getLastError());
            if (errno == Errno.EOPNOTSUPP) {
                return Set.of();
            }
            throw new ErrnoException("list attributes of", name, errno);
        }
        Set<String> found = new TreeSet<>(
                Arrays.asList(new String(names, 0, (int) count, StandardCharsets.ISO_8859_1).split("\0")));
        found.remove("");
        return found;
    }

    @Override
    public void setAttribute(int fd, String attribute, byte[] value) throws IOException {
        byte[] name = ascii(attribute);
        Scratch memory = scratch.get();
        long held = memory.name(name);
        check(libc.fsetxattr(fd, held, memory.raw(value), value.length, 0), "set attribute", name);
    }

    @Override
    public void keepAtExec(int fd) throws IOException {
        int flags = libc.fcntl(fd, F_GETFD, 0);
        check(flags, "read flags", EMPTY);
        check(libc.fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC), "set flags", EMPTY);
    }

    @Override
    public long raiseDescriptorLimit() throws IOException {
        long[] limit = new long[2];
        check(libc.getrlimit(RLIMIT_NOFILE, limit), "read limit", EMPTY);
        long before = limit[0];
        if (limit[0] != limit[1]) {
            limit[0] = limit[1];
            check(libc.setrlimit(RLIMIT_NOFILE, limit), "raise limit", EMPTY);
        }
        return before;
    }

    @Override
    public boolean setFileIdentity(int uid, int gid) {
        // The group first: without the rights of root it could not be changed any more. Neither call tells failure; a
        // second one does.
        libc.setfsgid(gid);
        libc.setfsuid(uid);
        return libc.setfsgid(-1) == gid && libc.setfsuid(-1) == uid;
    }

    @Override
    public int effectiveUid() {
        return libc.geteuid();
    }

    @Override
    public int effectiveGid() {
        return libc.getegid();
    }

    private void check(int result, String call, byte[] object) throws ErrnoException {
        if (result < 0) {
            throw failure(call, object);
        }
    }

    /** Must be the first thing on this thread after the failed call: jnr keeps errno per thread until the next call. */
    private ErrnoException failure(String call, byte[] object) {
        return new ErrnoException(call, object, Errno.of(runtime.getLastError()));
    }

    private static byte[] terminated(byte[] name) {
        for (byte b : name) {
            if (b == 0) {
                throw new IllegalArgumentException("NUL in a file name");
            }
        }
        return Arrays.copyOf(name, name.length + 1);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] out = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, out, a.length, b.length);
        return out;
    }
}
