package dev.velo.cas.fault;

import dev.velo.cas.posix.Errno;
import java.util.Set;

/** What can go wrong with one call. */
public enum Fault {
    /** Any call. */
    EIO(Errno.EIO, null),
    /** Whatever takes space or an inode. A write has then written a half. */
    ENOSPC(
            Errno.ENOSPC,
            Set.of(
                    "createFile",
                    "openOrCreate",
                    "write",
                    "makeDirectory",
                    "link",
                    "symlink",
                    "rename",
                    "renameNew",
                    "truncate",
                    "setAttribute",
                    "sync",
                    "syncFileSystem",
                    "clone")),
    EMLINK(Errno.EMLINK, Set.of("link", "makeDirectory", "rename", "renameNew")),
    EXDEV(Errno.EXDEV, Set.of("link", "rename", "renameNew", "clone")),
    /** Descriptors run out. */
    EMFILE(Errno.EMFILE, Set.of("openDirectory", "openDirectoryFollowing", "openRead", "createFile", "openOrCreate")),
    /** read(2) gives less than was asked for, and that is no failure. */
    SHORT_READ(null, Set.of("read", "readAt")),
    /** The process is killed before the call; of a write, a half is done. */
    CRASH(null, null),
    /** As CRASH, but the process ends itself for real: a child process. */
    HALT(null, null);

    private final Errno errno;
    private final Set<String> calls;

    Fault(Errno errno, Set<String> calls) {
        this.errno = errno;
        this.calls = calls;
    }

    Errno errno() {
        return errno;
    }

    /** False where the call cannot fail so. */
    public boolean concerns(String call) {
        return calls == null || calls.contains(call);
    }
}
