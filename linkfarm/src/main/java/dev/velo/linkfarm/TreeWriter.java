package dev.velo.linkfarm;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Writes a tree below a directory descriptor, a directory at a time, on several threads. Each step is one name relative to a directory
 * that was just made, and nothing that exists is opened or replaced: so no link that the tree itself plants, and none that somebody else
 * puts in the way, is ever followed.
 *
 * <p>Work is taken last in, first out, so that the number of open descriptors grows with the depth of the tree and not with its width.
 * A directory gets its mode and time when everything below it is there. Use once.
 */
final class TreeWriter {
    /** ext4 keeps a target of up to 59 bytes where an inode has its block numbers; file systems that keep less there have larger inodes. */
    private static final int WITHIN_INODE = 60;

    private final FileOps files;
    private final FilePlacer placer;
    private final LayerMarks marks;
    private final boolean indexed;
    private final Deque<DirectoryWork> pending = new ArrayDeque<>();
    private final Set<Descriptor> open = ConcurrentHashMap.newKeySet();
    private DirectoryWork first;
    private int unfinished;
    private Throwable failure;

    TreeWriter(FileOps files, FilePlacer placer) {
        this(files, placer, new PlainMarks(files), false);
    }

    /** @param indexed {@link #index} will be asked for */
    TreeWriter(FileOps files, FilePlacer placer, LayerMarks marks, boolean indexed) {
        this.files = files;
        this.placer = placer;
        this.marks = marks;
        this.indexed = indexed;
    }

    /** Fills the empty directory {@code root}, which stays the caller's to close, and gives it the mode and time of the tree's root. */
    void write(DirectoryNode tree, Descriptor root, int threads) throws IOException, VeloException {
        first = new DirectoryWork(null, null, tree);
        first.directory = root;
        push(List.of(first));
        List<Thread> workers = new ArrayList<>();
        for (int i = 1; i < threads; i++) {
            Thread worker = new Thread(this::drain, "velo-farm");
            worker.setDaemon(true);
            worker.start();
            workers.add(worker);
        }
        drain();
        boolean interrupted = false;
        for (Thread worker : workers) {
            // Whoever cleans up next must be the only one at work in the tree.
            interrupted |= joined(worker);
        }
        for (Descriptor directory : open) {
            directory.close();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        rethrow();
    }

    /** After {@link #write}: of the tree that it wrote. */
    FarmIndex index() {
        Deque<DirectoryWork> rest = new ArrayDeque<>(List.of(first));
        List<Long> sums = new ArrayList<>();
        long own = 0;
        while (!rest.isEmpty()) {
            DirectoryWork work = rest.pop();
            sums.add(work.sum);
            own += work.own;
            for (int i = work.below.size() - 1; i >= 0; i--) {
                rest.push(work.below.get(i));
            }
        }
        return new FarmIndex(own, sums.stream().mapToLong(Long::longValue).toArray());
    }

    /** Makes {@link #write} fail soon, from another thread. */
    void cancel() {
        fail(new IOException("interrupted"));
    }

    /** After {@link #write} has failed: takes away what it made, and nothing else. The root keeps the mode that it has. */
    void retract(Descriptor root) throws IOException {
        new Retraction(files).run(first, root);
    }

    private boolean joined(Thread worker) {
        boolean interrupted = false;
        while (true) {
            try {
                worker.join();
                return interrupted;
            } catch (InterruptedException e) {
                interrupted = true;
                fail(new IOException("interrupted", e));
            }
        }
    }

    private void rethrow() throws IOException, VeloException {
        if (failure instanceof IOException e) {
            throw e;
        }
        if (failure instanceof VeloException e) {
            throw e;
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
    }

    private synchronized void push(List<DirectoryWork> more) {
        more.forEach(pending::push);
        unfinished += more.size();
        notifyAll();
    }

    /** The next piece of work, or null where all is done or has failed. */
    private synchronized DirectoryWork next() {
        while (pending.isEmpty() && unfinished > 0 && failure == null) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                fail(new IOException("interrupted", e));
            }
        }
        return failure != null || pending.isEmpty() ? null : pending.pop();
    }

    private synchronized void done() {
        unfinished--;
        notifyAll();
    }

    private synchronized void fail(Throwable cause) {
        if (failure == null) {
            failure = cause;
        }
        notifyAll();
    }

    private void drain() {
        FileOps.Assumed owner = files.assumeOwner();
        try {
            work();
        } finally {
            owner.close();
        }
    }

    private void work() {
        for (DirectoryWork work = next(); work != null; work = next()) {
            try {
                fill(work);
                done();
            } catch (IOException | VeloException | RuntimeException | Error e) {
                fail(e);
            }
        }
    }

    private void fill(DirectoryWork work) throws IOException, VeloException {
        if (work.parent != null) {
            make(work);
        }
        List<DirectoryWork> below = new ArrayList<>();
        for (DirectoryNode.Child child : work.node.children()) {
            if (child.node() instanceof DirectoryNode directory) {
                below.add(new DirectoryWork(work, child.name(), directory));
            } else {
                try {
                    leaf(work, child);
                } catch (ErrnoException e) {
                    // Taken: by somebody else, so it is not for a retraction to remove.
                    work.tried += e.is(Errno.EEXIST) ? 0 : 1;
                    throw e;
                } catch (IOException | VeloException | RuntimeException | Error e) {
                    work.tried++;
                    throw e;
                }
            }
            work.tried++;
        }
        work.below = below;
        push(below);
        finish(work);
    }

    private void make(DirectoryWork work) throws IOException {
        int parent = work.parent.directory.number();
        byte[] name = work.name.toBytes();
        files.makeDirectory(parent, name, 0700);
        try {
            work.directory = files.openDirectory(parent, name);
            open.add(work.directory);
        } catch (IOException e) {
            // It is empty, and without a descriptor nothing would know later that it is ours.
            removeUnopened(parent, name, e);
            throw e;
        }
    }

    private void removeUnopened(int parent, byte[] name, IOException cause) {
        try {
            files.removeDirectory(parent, name);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    private void leaf(DirectoryWork work, DirectoryNode.Child child) throws IOException, VeloException {
        int dir = work.directory.number();
        byte[] name = child.name().toBytes();
        if (child.node() instanceof FileNode file) {
            work.own += placer.place(dir, name, file);
        } else if (child.node() instanceof SymlinkNode link) {
            files.symlink(link.target(), dir, name);
            files.setModified(dir, name, link.modified());
            boolean inside = !indexed || link.target().length < WITHIN_INODE;
            work.own += FarmIndex.INODE
                    + (inside ? 0 : FarmIndex.BLOCK * files.status(dir, name).blocks());
        } else if (marks.showsWhiteouts(work.node)) {
            marks.whiteout(dir, name);
            work.own += FarmIndex.INODE;
        }
    }

    /** Called once for a directory itself and once for each directory in it; the last call closes it, and tells the one above. */
    private void finish(DirectoryWork work) throws IOException {
        DirectoryWork at = work;
        while (at != null && at.unfinished.decrementAndGet() == 0) {
            int dir = at.directory.number();
            Optional<String> mark = marks.value(at.node, at.parent == null);
            if (mark.isPresent()) {
                files.setAttribute(dir, marks.attribute(), mark.get().getBytes(StandardCharsets.US_ASCII));
            }
            if (indexed) {
                at.own += FarmIndex.INODE + FarmIndex.BLOCK * files.status(dir).blocks();
                at.sum = FarmIndex.sum(files.list(dir));
            }
            files.changeMode(dir, at.node.mode());
            files.setModified(dir, at.node.modified());
            if (at.parent != null) {
                open.remove(at.directory);
                at.directory.close();
            }
            at = at.parent;
        }
    }
}
