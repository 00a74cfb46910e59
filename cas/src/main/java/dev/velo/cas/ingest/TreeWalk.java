package dev.velo.cas.ingest;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.store.SourceException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Walks a source tree on many threads, each step relative to the descriptor of the directory above. A piece of work is a directory to
 * list, or a few files of one. Use once.
 */
final class TreeWalk {
    /** Makes nodes of regular files, on many threads. */
    interface Intake {
        /** Null for a file that is no part of the tree or that could not be read. */
        TreeNode take(int directory, FileName name, TreePath parent) throws IOException;
    }

    /** A file by identity, however it is named. */
    record Identity(long device, long inode) {
        static Identity of(FileStatus status) {
            return new Identity(status.device(), status.inode());
        }

        boolean isOf(FileStatus status) {
            return inode == status.inode() && device == status.device();
        }
    }

    /** A directory at work. */
    private record Place(SharedDirectory directory, TreePath path, PendingDirectory pending, Selection selection) {
        Place retained() {
            directory.retain();
            pending.begin();
            return this;
        }

        void end() {
            directory.release();
            pending.end();
        }
    }

    /** Files of one piece of work: few, so that a directory of large ones keeps all threads busy. */
    private static final int BATCH = 8;

    private final FileOps files;
    private final Workers workers;
    private final Intake intake;
    private final IngestLog log;
    private final Identity store;

    /** @param store the directory that is part of no tree */
    TreeWalk(FileOps files, Workers workers, Intake intake, IngestLog log, Identity store) {
        this.files = files;
        this.workers = workers;
        this.intake = intake;
        this.log = log;
        this.store = store;
    }

    /** Begins with the root. The result is built when the workers have finished. */
    PendingDirectory walk(Descriptor root, Selection selection) throws IOException {
        PendingDirectory pending = new PendingDirectory(null, null, files.status(root.number()));
        Place place = new Place(new SharedDirectory(root), TreePath.ROOT, pending, selection);
        workers.submit(() -> list(place));
        return pending;
    }

    private void enter(Place above, FileName name, TreePath path) throws IOException {
        Place place = null;
        try {
            if (!workers.failed()) {
                place = opened(above, name, path);
            }
        } catch (IOException e) {
            report(path, e);
        } finally {
            above.directory().release();
            if (place == null) {
                above.pending().end();
            }
        }
        if (place != null) {
            list(place);
        }
    }

    /** Null for the store. */
    private Place opened(Place above, FileName name, TreePath path) throws IOException {
        Descriptor directory = files.openDirectory(above.directory().number(), name.toBytes());
        try {
            FileStatus status = files.status(directory.number());
            if (store.isOf(status)) {
                directory.close();
                log.skip(path, "the store itself");
                return null;
            }
            PendingDirectory pending = new PendingDirectory(above.pending(), name, status);
            return new Place(new SharedDirectory(directory), path, pending, above.selection());
        } catch (IOException e) {
            directory.close();
            throw e;
        }
    }

    private void list(Place opened) throws IOException {
        try {
            if (!workers.failed()) {
                List<DirectoryEntry> entries = entries(opened.directory().number());
                Selection selection =
                        opened.selection().in(opened.path(), opened.directory().number(), entries);
                log.directories.increment();
                visit(new Place(opened.directory(), opened.path(), opened.pending(), selection), entries);
            }
        } catch (SourceException e) {
            report(opened.path(), e.fault());
        } finally {
            opened.end();
        }
    }

    private List<DirectoryEntry> entries(int directory) throws SourceException {
        try {
            return files.list(directory);
        } catch (IOException e) {
            throw new SourceException(e);
        }
    }

    private void visit(Place place, List<DirectoryEntry> entries) throws IOException {
        List<FileName> batch = new ArrayList<>(BATCH);
        int found = 0;
        List<DirectoryNode.Child> links = new ArrayList<>();
        for (DirectoryEntry entry : entries) {
            FileName name = FileName.of(entry.name());
            try {
                FileType type = typeOf(place, entry);
                if (tooLong(place.path(), name) || place.selection().leavesOut(place.path(), name, type)) {
                    continue;
                }
                switch (type) {
                    case REGULAR -> {
                        batch = collected(place, batch, name);
                        found++;
                    }
                    case DIRECTORY -> {
                        Place above = place.retained();
                        TreePath path = place.path().child(name);
                        workers.submit(() -> enter(above, name, path));
                    }
                    case SYMLINK -> links.add(symlink(place, name));
                    default -> special(place, name, type);
                }
            } catch (IOException e) {
                report(place.path().child(name), e);
            }
        }
        log.filesFound(found);
        place.pending().add(links);
        take(place, batch);
    }

    private List<FileName> collected(Place place, List<FileName> batch, FileName name) {
        List<FileName> current = batch;
        if (batch.size() == BATCH) {
            List<FileName> full = batch;
            Place above = place.retained();
            workers.submit(() -> {
                try {
                    take(above, full);
                } finally {
                    above.end();
                }
            });
            current = new ArrayList<>(BATCH);
        }
        current.add(name);
        return current;
    }

    private void take(Place place, List<FileName> names) throws IOException {
        List<DirectoryNode.Child> children = new ArrayList<>(names.size());
        for (FileName name : names) {
            if (workers.failed()) {
                return;
            }
            TreeNode node = intake.take(place.directory().number(), name, place.path());
            if (node != null) {
                children.add(new DirectoryNode.Child(name, node));
            }
        }
        place.pending().add(children);
    }

    private FileType typeOf(Place place, DirectoryEntry entry) throws IOException {
        FileType type = entry.type();
        return type == FileType.REGULAR || type == FileType.DIRECTORY || type == FileType.SYMLINK
                ? type
                : files.status(place.directory().number(), entry.name()).type();
    }

    private boolean tooLong(TreePath directory, FileName name) {
        if (directory.length() + 1 + name.length() <= TreePath.MAX_LENGTH) {
            return false;
        }
        log.fault(directory, "cannot hold " + name + ": path longer than " + TreePath.MAX_LENGTH + " bytes");
        return true;
    }

    private DirectoryNode.Child symlink(Place place, FileName name) throws IOException {
        int dir = place.directory().number();
        FileStatus status = files.status(dir, name.toBytes());
        byte[] target = files.readLink(dir, name.toBytes());
        log.symlinks.increment();
        return new DirectoryNode.Child(name, new SymlinkNode(status.modified(), target));
    }

    private void special(Place place, FileName name, FileType type) {
        TreePath path = place.path().child(name);
        if (place.selection().skipsSpecial()) {
            log.skip(path, "a " + type.words());
        } else {
            log.fault(path, "a " + type.words() + " cannot be stored; leave it out with --skip-special or --exclude");
        }
    }

    private void report(TreePath path, IOException cause) {
        if (cause instanceof ErrnoException e && (e.is(Errno.EMFILE) || e.is(Errno.ENFILE))) {
            log.fault(path, "too many open files; raise the limit with ulimit -n");
        } else {
            log.fault(path, cause);
        }
    }
}
