package dev.velo.linkfarm;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;

/**
 * When a farm was last used: the modification time of its marker, by the clock of whoever used it. To lose one loses no more than a place in the
 * order in which farms go. Safe for use by many threads and processes.
 */
public class FarmUse {
    /** Farms used within the same minute go in any order. */
    static final long PRECISION_S = 60;

    static final Timestamp NEVER = new Timestamp(Long.MIN_VALUE, 0);

    private final Store store;
    private final FileOps files;
    private final Clock clock;

    public FarmUse(Store store) {
        this(store, store.files(), Clock.systemUTC());
    }

    FarmUse(Store store, FileOps files, Clock clock) {
        this.store = store;
        this.files = files;
        this.clock = clock;
    }

    /**
     * Notes that a farm is used now, unless that was noted within the last minute: then it costs one statx(2), else one utimensat(2) more. A farm
     * that is gone, or cannot be written to, is left as it is.
     *
     * @param tree as {@link Farm#tree} names it
     */
    public void touch(String tree) {
        byte[] marker = bytes(FarmMarker.besides(tree));
        try {
            Optional<FileStatus> status = files.statusIfPresent(store.root(), marker);
            if (status.isPresent() && isDue(status.get())) {
                files.setModified(store.root(), marker, now());
            }
        } catch (IOException e) {
            // Gone between the two, or a store that is read-only: the farm has an older place in the order then.
            return;
        }
    }

    /** As {@link #touch(String)}, where the marker is open. */
    void touch(Descriptor marker) {
        try {
            if (isDue(files.status(marker.number()))) {
                files.setModified(marker.number(), now());
            }
        } catch (IOException e) {
            // As above.
            return;
        }
    }

    /** A time to come was set by a clock that was put back since. */
    private boolean isDue(FileStatus marker) {
        long age = clock.instant().getEpochSecond() - marker.modified().seconds();
        return age < 0 || age >= PRECISION_S;
    }

    private Timestamp now() {
        Instant now = clock.instant();
        return new Timestamp(now.getEpochSecond(), now.getNano());
    }

    /**
     * When this farm was last used; the beginning of all times where it has no marker, or one from the future: whatever set that did so before
     * the clock was put back, and so before everything since.
     *
     * @param name of the farm
     */
    Timestamp last(String name) throws IOException {
        try {
            return files.statusIfPresent(store.root(), bytes(FarmMarker.besides(FarmMarker.treeOf(name))))
                    .map(FileStatus::modified)
                    .filter(time -> time.seconds() <= clock.instant().getEpochSecond() + PRECISION_S)
                    .orElse(NEVER);
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOTDIR)) {
                return NEVER;
            }
            throw e;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
