package dev.velo.cas.store;

import dev.velo.cas.VeloException;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import java.io.IOException;

/** A store that cannot be used, or an operation on it that failed. */
public class StoreException extends VeloException {
    public StoreException(String problem, String remedy) {
        super(problem, remedy);
    }

    public StoreException(String problem, String remedy, Throwable cause) {
        super(problem, remedy, cause);
    }

    /** Wraps a failed file operation with the remedy that its errno suggests. */
    public static StoreException of(String attempt, IOException cause) {
        return new StoreException(attempt + ": " + reason(cause), remedyFor(cause), cause);
    }

    private static String reason(IOException cause) {
        return cause instanceof ErrnoException e ? e.errno().text() : String.valueOf(cause.getMessage());
    }

    private static String remedyFor(IOException cause) {
        Errno errno = cause instanceof ErrnoException e ? e.errno() : Errno.OTHER;
        return switch (errno) {
            case ENOSPC, EDQUOT -> "free some space (velo gc --run removes what nothing needs) and try again";
            case EROFS -> "the file system is mounted read-only; name another store with --store or VR_THE_SOURCE";
            case EACCES, EPERM -> "use a store that belongs to you: --store DIR or VR_THE_SOURCE";
            case EMFILE, ENFILE -> "raise the limit of open files (ulimit -n) and try again";
            case EIO -> "check the disk (dmesg) and run velo verify";
            default -> "run velo verify to see whether the store is sound";
        };
    }
}
