package dev.velo.cas.posix;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The file operations that everything durable in Velo goes through: an interface, so that tests can make the n-th call fail.
 *
 * <p>Names are raw bytes without a terminating NUL. {@code dir} is a descriptor number or {@link #CWD}; a relative name is taken
 * below it, and unless said otherwise a final symbolic link is never followed. Failures are {@link ErrnoException}s. All methods may
 * be called from any thread.
 */
public interface FileOps {
    /** {@code AT_FDCWD}. */
    int CWD = -100;

    /** The operations of this machine's kernel; the native library is loaded at the first call. */
    static FileOps system() {
        return PosixFileOps.instance();
    }

    /** openat(2) for a directory, without following a final symbolic link. */
    Descriptor openDirectory(int dir, byte[] name) throws IOException;

    /** openat(2) for a directory, following symbolic links: only for paths that the user typed. */
    Descriptor openDirectoryFollowing(byte[] path) throws IOException;

    /** openat(2) for reading, O_NONBLOCK so that a FIFO put in a file's place cannot hang the caller. */
    Descriptor openRead(int dir, byte[] name) throws IOException;

    /** As {@link #openRead}, and where the caller may (O_NOATIME), reading leaves the access time as it is. */
    Descriptor openReadUnseen(int dir, byte[] name) throws IOException;

    /**
     * True where somebody has the file open for writing, or mapped so, or where that cannot be told. The kernel gives a lease for reading
     * (F_SETLEASE) only to a file that nobody can write to as it is; that goes back at once.
     *
     * @param fd open for reading alone
     */
    boolean mayBeWritten(int fd) throws IOException;

    /** openat(2) with O_CREAT|O_EXCL|O_RDWR: never opens what is already there. */
    Descriptor createFile(int dir, byte[] name, int permissions) throws IOException;

    /** openat(2) with O_CREAT|O_RDWR: opens or makes a lock file. */
    Descriptor openOrCreate(int dir, byte[] name, int permissions) throws IOException;

    void close(int fd) throws IOException;

    /** read(2) at the file offset; returns -1 at the end of the file. The buffer must be direct. */
    int read(int fd, ByteBuffer into) throws IOException;

    /** pread(2); returns -1 at the end of the file. The buffer must be direct. */
    int readAt(int fd, ByteBuffer into, long offset) throws IOException;

    /** write(2) until the buffer is empty. The buffer must be direct. */
    void write(int fd, ByteBuffer from) throws IOException;

    /** statx(2) of a name, not following a final symbolic link. */
    FileStatus status(int dir, byte[] name) throws IOException;

    /** As {@link #status(int, byte[])}, empty where nothing has that name. */
    Optional<FileStatus> statusIfPresent(int dir, byte[] name) throws IOException;

    /** statx(2) of an open descriptor. */
    FileStatus status(int fd) throws IOException;

    /** The entries of a directory without {@code .} and {@code ..}, in the file system's order. Reads from the start each time. */
    List<DirectoryEntry> list(int dir) throws IOException;

    byte[] readLink(int dir, byte[] name) throws IOException;

    void makeDirectory(int dir, byte[] name, int permissions) throws IOException;

    /** linkat(2): a new name for the inode of an existing one. */
    void link(int fromDir, byte[] from, int toDir, byte[] to) throws IOException;

    void symlink(byte[] target, int dir, byte[] name) throws IOException;

    /** mknodat(2) of OverlayFS's whiteout, a character device 0:0; needs no privilege since Linux 5.8. */
    void makeWhiteout(int dir, byte[] name) throws IOException;

    void unlink(int dir, byte[] name) throws IOException;

    void removeDirectory(int dir, byte[] name) throws IOException;

    /** renameat2(2), replacing what has the new name. */
    void rename(int fromDir, byte[] from, int toDir, byte[] to) throws IOException;

    /** renameat2(2) with RENAME_NOREPLACE: EEXIST where the new name is taken. */
    void renameNew(int fromDir, byte[] from, int toDir, byte[] to) throws IOException;

    void changeMode(int fd, int permissions) throws IOException;

    /** fchmodat of a directory or file by name; follows a final symbolic link, so only for names that cannot be one. */
    void changeMode(int dir, byte[] name, int permissions) throws IOException;

    void changeOwner(int fd, int uid, int gid) throws IOException;

    /** fchownat(2) of a name, of a symbolic link itself where it is one. */
    void changeOwner(int dir, byte[] name, int uid, int gid) throws IOException;

    /** futimens(2): sets the modification time; the access time becomes the same. */
    void setModified(int fd, Timestamp time) throws IOException;

    /** utimensat(2) of a name, of a symbolic link itself where it is one; access time becomes the same. */
    void setModified(int dir, byte[] name, Timestamp time) throws IOException;

    /** utimensat(2): access time becomes now, the modification time stays, and so the change time becomes now. */
    void touch(int dir, byte[] name) throws IOException;

    void truncate(int fd, long size) throws IOException;

    void sync(int fd) throws IOException;

    /** syncfs(2): everything of the file system that the descriptor is on. */
    void syncFileSystem(int fd) throws IOException;

    /** fstatfs(2): the magic number of the type of the file system. */
    long fileSystemType(int fd) throws IOException;

    /** flock(2) without waiting: false where another open file description holds a conflicting lock. */
    boolean tryLock(int fd, boolean exclusive) throws IOException;

    /** flock(2), waiting. */
    void lock(int fd, boolean exclusive) throws IOException;

    void unlock(int fd) throws IOException;

    /** ioctl_ficlone(2): makes {@code to} share all blocks of {@code from}. */
    void clone(int from, int to) throws IOException;

    /** lseek(2) with SEEK_DATA: the next offset with data, or -1 behind the last. */
    long nextData(int fd, long offset) throws IOException;

    /** lseek(2) with SEEK_HOLE: the next hole at or after the offset. */
    long nextHole(int fd, long offset) throws IOException;

    /** lseek(2) with SEEK_SET. */
    void seek(int fd, long offset) throws IOException;

    /** lgetxattr(2) relative to a directory, not following a final symbolic link; empty where there is no such attribute. */
    Optional<byte[]> attribute(int dir, byte[] name, String attribute) throws IOException;

    /** The names of a file's extended attributes that the caller may see (listxattr(2)), of a symbolic link its own. */
    Set<String> attributeNames(int dir, byte[] name) throws IOException;

    /** fsetxattr(2). */
    void setAttribute(int fd, String attribute, byte[] value) throws IOException;

    /** FS_IMMUTABLE_FL (ioctl_iflags(2)); false where the file system has no such flags. */
    boolean isImmutable(int fd) throws IOException;

    /** Sets or clears FS_IMMUTABLE_FL: EPERM without CAP_LINUX_IMMUTABLE, ENOTTY or EOPNOTSUPP where the file system has no such flag. */
    void setImmutable(int fd, boolean immutable) throws IOException;

    /** What is left of permissions before this process's umask is applied, for a file that is made by other means than these operations. */
    default int granted(int permissions) {
        return permissions;
    }

    /** Clears FD_CLOEXEC, so that the descriptor outlives an exec. */
    void keepAtExec(int fd) throws IOException;

    /** Raises the soft limit of open descriptors to the hard one and returns the soft limit that was (setrlimit(2)). */
    long raiseDescriptorLimit() throws IOException;

    int effectiveUid();

    int effectiveGid();

    /** What {@link #assumeOwner} began; ends when it is closed, by the same thread. */
    interface Assumed extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Lets the calling thread work as the one to whom everything that it makes is to belong, where that is somebody else (setfsuid(2), which
     * is a thread's own): then nothing has to be given away, file by file. It has no more rights than that owner meanwhile.
     */
    default Assumed assumeOwner() {
        return () -> {};
    }

    /** Sets the calling thread's identity for file systems; false where that is not allowed. */
    boolean setFileIdentity(int uid, int gid);
}
