package dev.velo.runner;

import dev.velo.cas.UserPath;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.Sighting;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a plan was made from, as far as it can change: the user's files, which must be what they were, and files of the store, which must be there.
 * To look costs one system call each. Safe for use by many threads.
 */
public final class Preconditions {
    /** Change times are no finer than the kernel's clock: of a file that changed just now another change might not show. */
    private static final long SETTLED_S = 2;

    private record Seen(byte[] path, Optional<FileStatus> status) {
        boolean isStill(Optional<FileStatus> now) {
            if (now.isEmpty() || status.isEmpty()) {
                return now.isEmpty() && status.isEmpty();
            }
            return Sighting.isSame(status.get(), now.get());
        }
    }

    private final FileOps files = FileOps.system();
    private final List<Seen> users = new ArrayList<>();
    private final List<byte[]> stores = new ArrayList<>();
    private boolean unsure;

    private Preconditions() {}

    /** That these are what they are now: ask for it before they are read. What is not there must still not be there. */
    public static Preconditions of(List<UserPath> files) {
        Preconditions now = new Preconditions();
        for (UserPath file : files) {
            now.see(file.toBytes());
        }
        return now;
    }

    private void see(byte[] path) {
        try {
            Optional<FileStatus> status = files.statusIfPresent(FileOps.CWD, path);
            // Behind a link is another file, whose changes do not show here.
            unsure |= status.isPresent() && !status.get().isRegular();
            users.add(new Seen(path, status));
        } catch (IOException e) {
            unsure = true;
        }
    }

    /** @param paths relative to the store; that these are there */
    static Preconditions ofStore(List<byte[]> paths) {
        Preconditions kept = new Preconditions();
        kept.stores.addAll(paths);
        return kept;
    }

    /** All of both. */
    Preconditions and(Preconditions other) {
        Preconditions all = new Preconditions();
        for (Preconditions each : List.of(this, other)) {
            all.users.addAll(each.users);
            all.stores.addAll(each.stores);
            all.unsure |= each.unsure;
        }
        return all;
    }

    /** A change from now on would show. Ask when all has been read. */
    boolean wouldTell() {
        return wouldTell(System.currentTimeMillis() / 1000);
    }

    /** A file from the future was changed before the clock was put back: another change might get the same time. */
    boolean wouldTell(long now) {
        return !unsure
                && users.stream()
                        .flatMap(file -> file.status().stream())
                        .map(FileStatus::changed)
                        .map(Timestamp::seconds)
                        .allMatch(second -> second + SETTLED_S <= now);
    }

    /** Nothing has changed. */
    boolean hold(Store store) throws IOException {
        for (Seen file : users) {
            if (!file.isStill(files.statusIfPresent(FileOps.CWD, file.path()))) {
                return false;
            }
        }
        for (byte[] path : stores) {
            if (store.files().statusIfPresent(store.root(), path).isEmpty()) {
                return false;
            }
        }
        return true;
    }
}
