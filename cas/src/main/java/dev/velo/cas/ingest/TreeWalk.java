package dev.velo.cas.ingest;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Set;

/**
 * Walks a source tree, depth first and without recursion, each step relative to the descriptor of the directory above. Regular files go
 * to a {@link Sink}; everything else is recorded here. One thread.
 */
final class TreeWalk {
    /** Takes the regular files, on other threads. */
    interface Sink {
        /** Takes over {@code directory}, which it must release. May block: that bounds the memory of an ingest. */
        void accept(SharedDirectory directory, FileName name, TreePath path, PendingDirectory.Slot slot);
    }

    /** A file by identity, however it is named. */
    record Identity(long device, long inode) {
        static Identity of(FileStatus status) {
            return new Identity(status.device(), status.inode());
        }
    }

    private record Level(
            SharedDirectory directory, TreePath path, PendingDirectory pending, Iterator<DirectoryEntry> rest) {}

    private final FileOps files;
    private final ExcludeRules excludes;
    private final Set<Identity> hidden;
    private final boolean skipSpecial;
    private final IngestLog log;

    /** @param hidden files and directories that are no part of any tree: the store, the manifest being written */
    TreeWalk(FileOps files, ExcludeRules excludes, Set<Identity> hidden, boolean skipSpecial, IngestLog log) {
        this.files = files;
        this.excludes = excludes;
        this.hidden = hidden;
        this.skipSpecial = skipSpecial;
        this.log = log;
    }

    /** Walks everything below the root and returns its directories, children before parents: the root is the last. */
    List<PendingDirectory> walk(Descriptor root, Sink sink) throws IOException {
        List<PendingDirectory> done = new ArrayList<>();
        Deque<Level> levels = new ArrayDeque<>();
        levels.push(level(root, TreePath.ROOT));
        try {
            while (!levels.isEmpty()) {
                Level level = levels.peek();
                if (level.rest().hasNext()) {
                    visit(level, level.rest().next(), sink, levels);
                } else {
                    levels.pop();
                    level.directory().release();
                    done.add(level.pending());
                    log.directories.increment();
                }
            }
        } finally {
            levels.forEach(level -> level.directory().release());
        }
        return done;
    }

    private Level level(Descriptor directory, TreePath path) throws IOException {
        FileStatus status = files.status(directory.number());
        Iterator<DirectoryEntry> entries = files.list(directory.number()).iterator();
        return new Level(new SharedDirectory(directory), path, new PendingDirectory(status), entries);
    }

    private void visit(Level level, DirectoryEntry entry, Sink sink, Deque<Level> levels) {
        FileName name = FileName.of(entry.name());
        TreePath path;
        try {
            path = level.path().child(name);
        } catch (IllegalArgumentException e) {
            log.fault(level.path(), "cannot hold " + name + ": " + e.getMessage());
            return;
        }
        if (excludes.matches(path)) {
            return;
        }
        try {
            FileType type = entry.type();
            if (type != FileType.REGULAR && type != FileType.DIRECTORY && type != FileType.SYMLINK) {
                type = files.status(level.directory().number(), entry.name()).type();
            }
            switch (type) {
                case REGULAR -> file(level, name, path, sink);
                case DIRECTORY -> directory(level, name, path, levels);
                case SYMLINK -> symlink(level, name, path);
                default -> special(path, type);
            }
        } catch (IOException e) {
            report(path, e);
        }
    }

    private void file(Level level, FileName name, TreePath path, Sink sink) throws IOException {
        if (!hidden.isEmpty()
                && hidden.contains(Identity.of(files.status(level.directory().number(), name.toBytes())))) {
            return;
        }
        sink.accept(level.directory().retain(), name, path, level.pending().slot(name));
    }

    private void directory(Level level, FileName name, TreePath path, Deque<Level> levels) throws IOException {
        Descriptor directory = files.openDirectory(level.directory().number(), name.toBytes());
        Level below;
        try {
            if (hidden.contains(Identity.of(files.status(directory.number())))) {
                directory.close();
                log.skip(path, "the store itself");
                return;
            }
            below = level(directory, path);
        } catch (IOException e) {
            directory.close();
            throw e;
        }
        level.pending().add(name, below.pending());
        levels.push(below);
    }

    private void symlink(Level level, FileName name, TreePath path) throws IOException {
        int dir = level.directory().number();
        FileStatus status = files.status(dir, name.toBytes());
        byte[] target = files.readLink(dir, name.toBytes());
        level.pending().slot(name).fill(new SymlinkNode(status.modified(), target));
        log.symlinks.increment();
    }

    private void special(TreePath path, FileType type) {
        if (skipSpecial) {
            log.skip(path, "a " + type.words());
        } else {
            log.fault(path, "a " + type.words() + " cannot be stored; leave it out with --skip-special or --exclude");
        }
    }

    private void report(TreePath path, IOException cause) {
        if (cause instanceof ErrnoException e && (e.is(Errno.EMFILE) || e.is(Errno.ENFILE))) {
            log.fault(path, "too many open files: the tree is nested too deep for the limit; raise it with ulimit -n");
        } else {
            log.fault(path, cause);
        }
    }
}
