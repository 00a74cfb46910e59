package dev.velo.linkfarm;

import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.Set;

/**
 * Takes away what a {@link TreeWriter} that failed had made, name by name as it had made them: what somebody else has put between stays,
 * and so do the directories that hold it.
 */
final class Retraction {
    private record Level(DirectoryWork work, Descriptor directory, Iterator<DirectoryWork> below) {}

    /** The name is gone, or it is no longer what was made, or it holds what was not made. */
    private static final Set<Errno> LEFT =
            EnumSet.of(Errno.ENOENT, Errno.ENOTEMPTY, Errno.ENOTDIR, Errno.EISDIR, Errno.ELOOP, Errno.EEXIST);

    private final FileOps files;

    Retraction(FileOps files) {
        this.files = files;
    }

    /** Empties the root of the tree; the root itself stays and is the caller's. */
    void run(DirectoryWork work, Descriptor root) throws IOException {
        Deque<Level> levels = new ArrayDeque<>();
        try {
            push(levels, work, root);
            while (!levels.isEmpty()) {
                Level level = levels.peek();
                if (level.below().hasNext()) {
                    enter(levels, level.below().next(), level.directory().number());
                    continue;
                }
                levels.pop();
                if (!levels.isEmpty()) {
                    level.directory().close();
                    int parent = levels.peek().directory().number();
                    byte[] name = level.work().name.toBytes();
                    unlessLeft(() -> files.removeDirectory(parent, name));
                }
            }
        } finally {
            for (Level level : levels) {
                if (level.directory() != root) {
                    level.directory().close();
                }
            }
        }
    }

    private void enter(Deque<Level> levels, DirectoryWork work, int parent) throws IOException {
        if (work.directory != null) {
            unlessLeft(() -> push(levels, work, openable(parent, work.name.toBytes())));
        }
    }

    private void push(Deque<Level> levels, DirectoryWork work, Descriptor directory) throws IOException {
        levels.push(new Level(work, directory, work.below.iterator()));
        for (DirectoryNode.Child child : work.node.children().subList(0, work.tried)) {
            if (!(child.node() instanceof DirectoryNode)) {
                unlessLeft(() -> files.unlink(directory.number(), child.name().toBytes()));
            }
        }
    }

    /** A finished directory has the manifest's mode, which may be closed to its owner. */
    private Descriptor openable(int parent, byte[] name) throws IOException {
        if (!files.status(parent, name).isDirectory()) {
            throw new ErrnoException("open", name, Errno.ENOTDIR);
        }
        files.changeMode(parent, name, 0700);
        return files.openDirectory(parent, name);
    }

    private interface Step {
        void run() throws IOException;
    }

    private static void unlessLeft(Step step) throws IOException {
        try {
            step.run();
        } catch (ErrnoException e) {
            if (!LEFT.contains(e.errno())) {
                throw e;
            }
        }
    }
}
