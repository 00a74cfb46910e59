package dev.velo.cas.posix;

import java.io.IOException;

/** Makes files for one whose umask is not this process's: umask(2) is one for all threads. What a mode is changed to later is not masked. */
public final class MaskedFileOps extends ForwardingFileOps {
    private final int umask;

    public MaskedFileOps(FileOps next, int umask) {
        super(next);
        this.umask = umask;
    }

    @Override
    public int granted(int permissions) {
        return super.granted(permissions) & ~umask;
    }

    @Override
    public Descriptor createFile(int dir, byte[] name, int permissions) throws IOException {
        return super.createFile(dir, name, permissions & ~umask);
    }

    @Override
    public Descriptor openOrCreate(int dir, byte[] name, int permissions) throws IOException {
        return super.openOrCreate(dir, name, permissions & ~umask);
    }

    @Override
    public void makeDirectory(int dir, byte[] name, int permissions) throws IOException {
        super.makeDirectory(dir, name, permissions & ~umask);
    }
}
