package dev.velo.linkfarm;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.FileNode;
import java.io.IOException;

/** Puts one regular file into a tree that is being written. Used by many threads at once. */
interface FilePlacer {
    /**
     * Makes {@code name} in {@code dir}; EEXIST, and nothing touched, where something has that name.
     *
     * @return bytes of disk that it took for itself: none for a further name of an inode that is there anyway
     */
    long place(int dir, byte[] name, FileNode file) throws IOException, VeloException;
}
