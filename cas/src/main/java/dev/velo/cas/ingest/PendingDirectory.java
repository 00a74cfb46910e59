package dev.velo.cas.ingest;

import dev.velo.cas.FileName;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.posix.FileStatus;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A directory while its entries are still being read, by several threads. It counts the pieces of work that may still add to it; who ends
 * the last one builds the node and hands it to the directory above.
 */
final class PendingDirectory {
    private final PendingDirectory above;
    private final FileName name;
    private final FileStatus status;
    private final AtomicInteger work = new AtomicInteger(1);
    private List<DirectoryNode.Child> children = new ArrayList<>();
    private DirectoryNode built;

    /**
     * Begins with one piece of work.
     *
     * @param above the directory that holds it, of which it is a piece of work too; null for the root
     */
    PendingDirectory(PendingDirectory above, FileName name, FileStatus status) {
        this.above = above;
        this.name = name;
        this.status = status;
    }

    /** One piece of work more. */
    void begin() {
        work.incrementAndGet();
    }

    synchronized void add(List<DirectoryNode.Child> more) {
        children.addAll(more);
    }

    /** One piece of work less. Goes up in a loop: trees may be deeper than a stack. */
    void end() {
        PendingDirectory directory = this;
        while (directory != null && directory.work.decrementAndGet() == 0) {
            directory.build();
            if (directory.above != null) {
                directory.above.add(List.of(new DirectoryNode.Child(directory.name, directory.take())));
            }
            directory = directory.above;
        }
    }

    private synchronized void build() {
        children.sort(null);
        built = new DirectoryNode(status.permissions(), status.modified(), false, children);
        children = null;
    }

    /** The node, once all work has ended. It is the caller's alone: a large tree is a large part of the memory. */
    synchronized DirectoryNode take() {
        DirectoryNode node = built;
        built = null;
        return node;
    }
}
