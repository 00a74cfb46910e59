package dev.velo.linkfarm;

import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.util.Set;

/** Compares a regular file of a farm with what the manifest says. */
interface FileAudit {
    /** What is wrong with it as far as its status tells, null where nothing is. */
    String fault(FileStatus status, FileNode file) throws IOException;

    /** What is wrong with it, null where nothing is. */
    String fault(int dir, byte[] name, FileStatus status, FileNode file) throws IOException;

    /** The attributes that OverlayFS is to find on the file, and no others. */
    Set<String> attributes(FileNode file);
}
