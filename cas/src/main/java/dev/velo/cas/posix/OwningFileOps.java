package dev.velo.cas.posix;

import java.io.IOException;

/**
 * Gives whatever is made through it to one owner. Run by root, the store belongs to an unprivileged id that the sandbox maps to 0:
 * OverlayFS refuses to copy up a file whose owner the sandbox does not map.
 */
public final class OwningFileOps extends ForwardingFileOps {
    private final int uid;
    private final int gid;

    public OwningFileOps(FileOps next, int uid, int gid) {
        super(next);
        this.uid = uid;
        this.gid = gid;
    }

    @Override
    public Descriptor createFile(int dir, byte[] name, int permissions) throws IOException {
        return given(super.createFile(dir, name, permissions));
    }

    @Override
    public Descriptor openOrCreate(int dir, byte[] name, int permissions) throws IOException {
        return given(super.openOrCreate(dir, name, permissions));
    }

    private Descriptor given(Descriptor file) throws IOException {
        try {
            changeOwner(file.number(), uid, gid);
            return file;
        } catch (IOException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public void makeDirectory(int dir, byte[] name, int permissions) throws IOException {
        super.makeDirectory(dir, name, permissions);
        changeOwner(dir, name, uid, gid);
    }

    @Override
    public void symlink(byte[] target, int dir, byte[] name) throws IOException {
        super.symlink(target, dir, name);
        changeOwner(dir, name, uid, gid);
    }

    @Override
    public void makeWhiteout(int dir, byte[] name) throws IOException {
        super.makeWhiteout(dir, name);
        changeOwner(dir, name, uid, gid);
    }
}
