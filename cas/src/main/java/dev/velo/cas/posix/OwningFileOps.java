package dev.velo.cas.posix;

import java.io.IOException;

/**
 * Gives whatever is made through it to one owner. Run by root, the store belongs to an unprivileged id that the sandbox maps to 0:
 * OverlayFS refuses to copy up a file whose owner the sandbox does not map.
 */
public final class OwningFileOps extends ForwardingFileOps {
    private final int uid;
    private final int gid;
    private final ThreadLocal<Boolean> assumed = ThreadLocal.withInitial(() -> false);

    public OwningFileOps(FileOps next, int uid, int gid) {
        super(next);
        this.uid = uid;
        this.gid = gid;
    }

    @Override
    public Assumed assumeOwner() {
        int callerUid = effectiveUid();
        int callerGid = effectiveGid();
        if (assumed.get()) {
            return () -> {};
        }
        if (!setFileIdentity(uid, gid)) {
            setFileIdentity(callerUid, callerGid);
            return () -> {};
        }
        assumed.set(true);
        return () -> {
            assumed.set(false);
            if (!setFileIdentity(callerUid, callerGid)) {
                throw new IllegalStateException("cannot return to the caller's identity");
            }
        };
    }

    @Override
    public Descriptor createFile(int dir, byte[] name, int permissions) throws IOException {
        Descriptor file = super.createFile(dir, name, permissions);
        if (assumed.get()) {
            return file;
        }
        try {
            return given(file);
        } catch (IOException e) {
            undo(() -> unlink(dir, name));
            throw e;
        }
    }

    @Override
    public Descriptor openOrCreate(int dir, byte[] name, int permissions) throws IOException {
        return given(super.openOrCreate(dir, name, permissions));
    }

    private Descriptor given(Descriptor file) throws IOException {
        if (assumed.get()) {
            return file;
        }
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
        give(dir, name, () -> removeDirectory(dir, name));
    }

    @Override
    public void symlink(byte[] target, int dir, byte[] name) throws IOException {
        super.symlink(target, dir, name);
        give(dir, name, () -> unlink(dir, name));
    }

    @Override
    public void makeWhiteout(int dir, byte[] name) throws IOException {
        super.makeWhiteout(dir, name);
        give(dir, name, () -> unlink(dir, name));
    }

    private interface Undoing {
        void run() throws IOException;
    }

    /** What cannot be given away is not left behind with the wrong owner. */
    private void give(int dir, byte[] name, Undoing undoing) throws IOException {
        if (assumed.get()) {
            return;
        }
        try {
            changeOwner(dir, name, uid, gid);
        } catch (IOException e) {
            undo(undoing);
            throw e;
        }
    }

    private static void undo(Undoing undoing) {
        try {
            undoing.run();
        } catch (IOException e) {
            // The failure that led here is the one to report.
            return;
        }
    }
}
