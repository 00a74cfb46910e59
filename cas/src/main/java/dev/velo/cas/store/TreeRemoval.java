package dev.velo.cas.store;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileType;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Removes a tree below a descriptor, never following a symbolic link, whatever modes its directories have (OverlayFS leaves mode 000,
 * manifests may ask for it). Another process may remove the same tree at the same time.
 */
public final class TreeRemoval {
    /** What is deeper is moved up first: a payload must not be able to make a tree that takes more descriptors than there are. */
    private static final int DEPTH = 64;

    private record Level(byte[] name, Descriptor directory, Deque<DirectoryEntry> rest) {}

    private final FileOps files;
    private long budget;

    public TreeRemoval(FileOps files) {
        this(files, Long.MAX_VALUE);
    }

    /** @param budget how many names to remove at most, by all calls together */
    TreeRemoval(FileOps files, long budget) {
        this.files = files;
        this.budget = budget;
    }

    /** False where the budget is used up: then something may be left. */
    boolean hasBudget() {
        return budget > 0;
    }

    /** Removes a name and everything below it; it is no error when it is gone already. */
    public void remove(int parent, byte[] name) throws IOException {
        if (removedAsFile(parent, name)) {
            return;
        }
        Deque<Level> levels = new ArrayDeque<>();
        try {
            push(levels, parent, name);
            while (!levels.isEmpty() && budget-- > 0) {
                Level level = levels.peek();
                if (level.rest().isEmpty()) {
                    levels.pop().directory().close();
                    int above = levels.isEmpty()
                            ? parent
                            : levels.peek().directory().number();
                    ignoreGone(() -> files.removeDirectory(above, level.name()));
                    continue;
                }
                DirectoryEntry entry = level.rest().pop();
                int dir = level.directory().number();
                if (entry.type() != FileType.DIRECTORY && removedAsFile(dir, entry.name())) {
                    continue;
                }
                if (levels.size() < DEPTH) {
                    push(levels, dir, entry.name());
                } else {
                    moveUp(dir, entry, levels.peekLast());
                }
            }
        } finally {
            for (Level level : levels) {
                level.directory().close();
            }
        }
    }

    private void moveUp(int dir, DirectoryEntry entry, Level top) throws IOException {
        byte[] name = StoreLayout.name(StoreLayout.freshName("velo-deep"));
        ignoreGone(() -> {
            // Moving a directory to another one changes its "..", for which it must be writable itself.
            files.changeMode(dir, entry.name(), 0700);
            files.rename(dir, entry.name(), top.directory().number(), name);
            top.rest().push(new DirectoryEntry(name, FileType.DIRECTORY, entry.inode()));
        });
    }

    private void push(Deque<Level> levels, int parent, byte[] name) throws IOException {
        try {
            Descriptor directory = openable(parent, name);
            try {
                levels.push(new Level(name, directory, new ArrayDeque<>(files.list(directory.number()))));
            } catch (IOException e) {
                Leases.closeQuietly(directory);
                throw e;
            }
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }

    private Descriptor openable(int parent, byte[] name) throws IOException {
        try {
            return writable(files.openDirectory(parent, name));
        } catch (ErrnoException e) {
            if (!e.is(Errno.EACCES)) {
                throw e;
            }
            files.changeMode(parent, name, 0700);
            return files.openDirectory(parent, name);
        }
    }

    private Descriptor writable(Descriptor directory) throws IOException {
        try {
            if ((files.status(directory.number()).permissions() & 0300) != 0300) {
                files.changeMode(directory.number(), 0700);
            }
            return directory;
        } catch (IOException e) {
            Leases.closeQuietly(directory);
            throw e;
        }
    }

    /** False where the name is a directory. */
    private boolean removedAsFile(int dir, byte[] name) throws IOException {
        try {
            files.unlink(dir, name);
            return true;
        } catch (ErrnoException e) {
            if (e.is(Errno.ENOENT)) {
                return true;
            }
            // unlink(2) on a directory: EISDIR on Linux, EPERM by POSIX.
            if (e.is(Errno.EISDIR) || e.is(Errno.EPERM)) {
                return false;
            }
            throw e;
        }
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void ignoreGone(Step step) throws IOException {
        try {
            step.run();
        } catch (ErrnoException e) {
            if (!e.is(Errno.ENOENT)) {
                throw e;
            }
        }
    }
}
