package dev.velo.linkfarm;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;

/** Measures what a farm takes for itself, where nothing tells: one that an older Velo built, or whose index is damaged. */
final class FarmSize {
    private record Level(Descriptor directory, Iterator<DirectoryEntry> rest) {}

    private final FileOps files;
    private final int store;
    private long own;

    FarmSize(Store store) {
        this.files = store.files();
        this.store = store.root();
    }

    /** As {@link FarmIndex#bytes}, but for shared blocks, which cannot be told from others. What cannot be looked into is not counted. */
    long of(String tree) throws IOException {
        Deque<Level> levels = new ArrayDeque<>();
        own = 0;
        try {
            enter(levels, store, tree.getBytes(StandardCharsets.UTF_8));
            while (!levels.isEmpty()) {
                Level level = levels.peek();
                if (level.rest().hasNext()) {
                    count(
                            levels,
                            level.directory().number(),
                            level.rest().next().name());
                } else {
                    levels.pop().directory().close();
                }
            }
            return own;
        } finally {
            for (Level level : levels) {
                level.directory().close();
            }
        }
    }

    private void count(Deque<Level> levels, int dir, byte[] name) throws IOException {
        FileStatus status = files.statusIfPresent(dir, name).orElse(null);
        if (status == null) {
            return;
        }
        if (status.isDirectory()) {
            enter(levels, dir, name);
        } else if (status.links() == 1) {
            own += FarmIndex.INODE + FarmIndex.BLOCK * status.blocks();
        }
    }

    private void enter(Deque<Level> levels, int parent, byte[] name) throws IOException {
        try {
            Descriptor directory = files.openDirectory(parent, name);
            try {
                own += FarmIndex.INODE
                        + FarmIndex.BLOCK * files.status(directory.number()).blocks();
                levels.push(new Level(directory, files.list(directory.number()).iterator()));
            } catch (IOException e) {
                directory.close();
                throw e;
            }
        } catch (ErrnoException e) {
            // Gone meanwhile, or closed by the manifest's own mode.
            if (!e.is(Errno.ENOENT) && !e.is(Errno.EACCES) && !e.is(Errno.ENOTDIR)) {
                throw e;
            }
        }
    }
}
