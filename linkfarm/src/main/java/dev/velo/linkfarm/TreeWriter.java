package dev.velo.linkfarm;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Writes a tree below a directory descriptor, a directory at a time, on several threads. Each step is one name relative to a directory
 * that was just made, and nothing that exists is opened or replaced: so no link that the tree itself plants, and none that somebody else
 * puts in the way, is ever followed.
 *
 * <p>Work is taken last in, first out, so that the number of open descriptors grows with the depth of the tree and not with its width.
 * A directory gets its mode and time when everything below it is there. Use once.
 */
final class TreeWriter {
    private static final String OPAQUE = "user.overlay.opaque";

    /** A directory being written: open until its last child is done. */
    private static final class Work {
        private final Work parent;
        private final FileName name;
        private final DirectoryNode node;
        private final AtomicInteger unfinished;
        private Descriptor directory;

        Work(Work parent, FileName name, DirectoryNode node) {
            this.parent = parent;
            this.name = name;
            this.node = node;
            long below = node.children().stream()
                    .filter(child -> child.node() instanceof DirectoryNode)
                    .count();
            this.unfinished = new AtomicInteger(1 + (int) below);
        }

        TreePath path() {
            Deque<FileName> names = new ArrayDeque<>();
            for (Work at = this; at.parent != null; at = at.parent) {
                names.push(at.name);
            }
            TreePath path = TreePath.ROOT;
            for (FileName component : names) {
                path = path.child(component);
            }
            return path;
        }
    }

    private final FileOps files;
    private final FilePlacer placer;
    private final Deque<Work> pending = new ArrayDeque<>();
    private final Set<Descriptor> open = ConcurrentHashMap.newKeySet();
    private int unfinished;
    private Throwable failure;

    TreeWriter(FileOps files, FilePlacer placer) {
        this.files = files;
        this.placer = placer;
    }

    /** Fills the empty directory {@code root}, which this takes over, and gives it the mode and time of the tree's root. */
    void write(DirectoryNode tree, Descriptor root, int threads) throws IOException, VeloException {
        Work first = new Work(null, null, tree);
        first.directory = root;
        open.add(root);
        push(List.of(first));
        List<Thread> workers = new ArrayList<>();
        for (int i = 1; i < threads; i++) {
            Thread worker = new Thread(this::drain, "velo-farm");
            worker.setDaemon(true);
            worker.start();
            workers.add(worker);
        }
        drain();
        for (Thread worker : workers) {
            join(worker);
        }
        for (Descriptor directory : open) {
            directory.close();
        }
        rethrow();
    }

    private static void join(Thread worker) throws IOException {
        try {
            worker.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
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

    private synchronized void push(List<Work> more) {
        more.forEach(pending::push);
        unfinished += more.size();
        notifyAll();
    }

    /** The next piece of work, or null where all is done or has failed. */
    private synchronized Work next() {
        while (pending.isEmpty() && unfinished > 0 && failure == null) {
            try {
                wait();
            } catch (InterruptedException e) {
                failure = new IOException("interrupted", e);
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
        for (Work work = next(); work != null; work = next()) {
            try {
                fill(work);
                done();
            } catch (IOException | VeloException | RuntimeException | Error e) {
                fail(e);
            }
        }
    }

    private void fill(Work work) throws IOException, VeloException {
        if (work.parent != null) {
            int parent = work.parent.directory.number();
            byte[] name = work.name.toBytes();
            files.makeDirectory(parent, name, 0700);
            work.directory = files.openDirectory(parent, name);
            open.add(work.directory);
        }
        List<Work> below = new ArrayList<>();
        TreePath path = null;
        int dir = work.directory.number();
        for (DirectoryNode.Child child : work.node.children()) {
            byte[] name = child.name().toBytes();
            if (child.node() instanceof FileNode file) {
                path = path == null ? work.path() : path;
                placer.place(dir, name, file, path.child(child.name()));
            } else if (child.node() instanceof DirectoryNode directory) {
                below.add(new Work(work, child.name(), directory));
            } else if (child.node() instanceof SymlinkNode link) {
                files.symlink(link.target(), dir, name);
                files.setModified(dir, name, link.modified());
            } else if (child.node() instanceof WhiteoutNode) {
                files.makeWhiteout(dir, name);
            }
        }
        push(below);
        finish(work);
    }

    /** Called once for a directory itself and once for each directory in it; the last call closes it, and tells the one above. */
    private void finish(Work work) throws IOException {
        Work at = work;
        while (at != null && at.unfinished.decrementAndGet() == 0) {
            int dir = at.directory.number();
            if (at.node.opaque()) {
                files.setAttribute(dir, OPAQUE, "y".getBytes(StandardCharsets.US_ASCII));
            }
            files.changeMode(dir, at.node.mode());
            files.setModified(dir, at.node.modified());
            open.remove(at.directory);
            at.directory.close();
            at = at.parent;
        }
    }
}
