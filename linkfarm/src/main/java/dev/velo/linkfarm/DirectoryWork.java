package dev.velo.linkfarm;

import dev.velo.cas.FileName;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.posix.Descriptor;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** A directory that is being written. Filled by one thread; finished by whichever thread comes last; read again only after all have ended. */
final class DirectoryWork {
    final DirectoryWork parent;

    /** Null for the root. */
    final FileName name;

    final DirectoryNode node;

    /** Itself, and the directories in it that are not finished. */
    final AtomicInteger unfinished;

    /** Open until the last child is done; null before the name is there and ours. */
    Descriptor directory;

    /** How many children, in the manifest's order, were tried and did not meet a name that was taken. Directories count as tried. */
    int tried;

    /** The directories in it, once all its other children are there. */
    List<DirectoryWork> below = List.of();

    /** What it takes of disk for itself and for what is its own in it, without the directories in it, once it is finished. */
    long own;

    /** Of what is in it: {@link FarmIndex}. */
    long sum;

    DirectoryWork(DirectoryWork parent, FileName name, DirectoryNode node) {
        this.parent = parent;
        this.name = name;
        this.node = node;
        long directories = node.children().stream()
                .filter(child -> child.node() instanceof DirectoryNode)
                .count();
        this.unfinished = new AtomicInteger(1 + (int) directories);
    }
}
