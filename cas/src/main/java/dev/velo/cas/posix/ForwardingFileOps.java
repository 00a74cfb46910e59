package dev.velo.cas.posix;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Hands every operation on to another {@link FileOps}; a subclass changes the ones it is about. */
public abstract class ForwardingFileOps implements FileOps {
    private final FileOps next;

    protected ForwardingFileOps(FileOps next) {
        this.next = next;
    }

    @Override
    public Descriptor openDirectory(int dir, byte[] name) throws IOException {
        return next.openDirectory(dir, name);
    }

    @Override
    public Descriptor openDirectoryFollowing(byte[] path) throws IOException {
        return next.openDirectoryFollowing(path);
    }

    @Override
    public Descriptor openRead(int dir, byte[] name) throws IOException {
        return next.openRead(dir, name);
    }

    @Override
    public Descriptor openReadUnseen(int dir, byte[] name) throws IOException {
        return next.openReadUnseen(dir, name);
    }

    @Override
    public boolean mayBeWritten(int fd) throws IOException {
        return next.mayBeWritten(fd);
    }

    @Override
    public Descriptor createFile(int dir, byte[] name, int permissions) throws IOException {
        return next.createFile(dir, name, permissions);
    }

    @Override
    public Descriptor openOrCreate(int dir, byte[] name, int permissions) throws IOException {
        return next.openOrCreate(dir, name, permissions);
    }

    @Override
    public void close(int fd) throws IOException {
        next.close(fd);
    }

    @Override
    public int read(int fd, ByteBuffer into) throws IOException {
        return next.read(fd, into);
    }

    @Override
    public int readAt(int fd, ByteBuffer into, long offset) throws IOException {
        return next.readAt(fd, into, offset);
    }

    @Override
    public void write(int fd, ByteBuffer from) throws IOException {
        next.write(fd, from);
    }

    @Override
    public FileStatus status(int dir, byte[] name) throws IOException {
        return next.status(dir, name);
    }

    @Override
    public Optional<FileStatus> statusIfPresent(int dir, byte[] name) throws IOException {
        return next.statusIfPresent(dir, name);
    }

    @Override
    public FileStatus status(int fd) throws IOException {
        return next.status(fd);
    }

    @Override
    public List<DirectoryEntry> list(int dir) throws IOException {
        return next.list(dir);
    }

    @Override
    public byte[] readLink(int dir, byte[] name) throws IOException {
        return next.readLink(dir, name);
    }

    @Override
    public void makeDirectory(int dir, byte[] name, int permissions) throws IOException {
        next.makeDirectory(dir, name, permissions);
    }

    @Override
    public void link(int fromDir, byte[] from, int toDir, byte[] to) throws IOException {
        next.link(fromDir, from, toDir, to);
    }

    @Override
    public void symlink(byte[] target, int dir, byte[] name) throws IOException {
        next.symlink(target, dir, name);
    }

    @Override
    public void makeWhiteout(int dir, byte[] name) throws IOException {
        next.makeWhiteout(dir, name);
    }

    @Override
    public void unlink(int dir, byte[] name) throws IOException {
        next.unlink(dir, name);
    }

    @Override
    public void removeDirectory(int dir, byte[] name) throws IOException {
        next.removeDirectory(dir, name);
    }

    @Override
    public void rename(int fromDir, byte[] from, int toDir, byte[] to) throws IOException {
        next.rename(fromDir, from, toDir, to);
    }

    @Override
    public void renameNew(int fromDir, byte[] from, int toDir, byte[] to) throws IOException {
        next.renameNew(fromDir, from, toDir, to);
    }

    @Override
    public void changeMode(int fd, int permissions) throws IOException {
        next.changeMode(fd, permissions);
    }

    @Override
    public void changeMode(int dir, byte[] name, int permissions) throws IOException {
        next.changeMode(dir, name, permissions);
    }

    @Override
    public void changeOwner(int fd, int uid, int gid) throws IOException {
        next.changeOwner(fd, uid, gid);
    }

    @Override
    public void changeOwner(int dir, byte[] name, int uid, int gid) throws IOException {
        next.changeOwner(dir, name, uid, gid);
    }

    @Override
    public void setModified(int fd, Timestamp time) throws IOException {
        next.setModified(fd, time);
    }

    @Override
    public void setModified(int dir, byte[] name, Timestamp time) throws IOException {
        next.setModified(dir, name, time);
    }

    @Override
    public void touch(int dir, byte[] name) throws IOException {
        next.touch(dir, name);
    }

    @Override
    public void truncate(int fd, long size) throws IOException {
        next.truncate(fd, size);
    }

    @Override
    public void sync(int fd) throws IOException {
        next.sync(fd);
    }

    @Override
    public void syncFileSystem(int fd) throws IOException {
        next.syncFileSystem(fd);
    }

    @Override
    public long fileSystemType(int fd) throws IOException {
        return next.fileSystemType(fd);
    }

    @Override
    public boolean tryLock(int fd, boolean exclusive) throws IOException {
        return next.tryLock(fd, exclusive);
    }

    @Override
    public void lock(int fd, boolean exclusive) throws IOException {
        next.lock(fd, exclusive);
    }

    @Override
    public void unlock(int fd) throws IOException {
        next.unlock(fd);
    }

    @Override
    public void clone(int from, int to) throws IOException {
        next.clone(from, to);
    }

    @Override
    public long nextData(int fd, long offset) throws IOException {
        return next.nextData(fd, offset);
    }

    @Override
    public long nextHole(int fd, long offset) throws IOException {
        return next.nextHole(fd, offset);
    }

    @Override
    public void seek(int fd, long offset) throws IOException {
        next.seek(fd, offset);
    }

    @Override
    public Optional<byte[]> attribute(int dir, byte[] name, String attribute) throws IOException {
        return next.attribute(dir, name, attribute);
    }

    @Override
    public void setAttribute(int fd, String attribute, byte[] value) throws IOException {
        next.setAttribute(fd, attribute, value);
    }

    @Override
    public boolean isImmutable(int fd) throws IOException {
        return next.isImmutable(fd);
    }

    @Override
    public void setImmutable(int fd, boolean immutable) throws IOException {
        next.setImmutable(fd, immutable);
    }

    @Override
    public int granted(int permissions) {
        return next.granted(permissions);
    }

    @Override
    public void keepAtExec(int fd) throws IOException {
        next.keepAtExec(fd);
    }

    @Override
    public long raiseDescriptorLimit() throws IOException {
        return next.raiseDescriptorLimit();
    }

    @Override
    public int effectiveUid() {
        return next.effectiveUid();
    }

    @Override
    public int effectiveGid() {
        return next.effectiveGid();
    }

    @Override
    public Assumed assumeOwner() {
        return next.assumeOwner();
    }

    @Override
    public boolean setFileIdentity(int uid, int gid) {
        return next.setFileIdentity(uid, gid);
    }

    @Override
    public Set<String> attributeNames(int dir, byte[] name) throws IOException {
        return next.attributeNames(dir, name);
    }
}
