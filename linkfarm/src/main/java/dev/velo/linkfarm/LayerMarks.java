package dev.velo.linkfarm;

import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.util.Optional;

/** How a tree that becomes a layer says what it hides of the layers below (Documentation/filesystems/overlayfs.rst). */
interface LayerMarks {
    /** Hides a name. */
    void whiteout(int dir, byte[] name) throws IOException;

    /** True where a whiteout in this directory is written at all. */
    boolean showsWhiteouts(DirectoryNode directory);

    boolean isWhiteout(int dir, byte[] name, FileStatus status) throws IOException;

    /** The name of the attribute of directories. */
    String attribute();

    /** The value of that attribute, empty where a directory has none. */
    Optional<String> value(DirectoryNode directory, boolean root);
}
