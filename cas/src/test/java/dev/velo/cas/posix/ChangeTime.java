package dev.velo.cas.posix;

/** Change times as a test wants them; no system call sets them. */
public final class ChangeTime {
    private ChangeTime() {}

    /** The same status but for its change time. */
    public static FileStatus of(FileStatus real, Timestamp changed) {
        return new FileStatus(
                real.type(),
                real.permissions(),
                real.links(),
                real.uid(),
                real.gid(),
                real.device(),
                real.inode(),
                real.size(),
                real.blocks(),
                real.modified(),
                changed,
                real.rawDevice());
    }
}
