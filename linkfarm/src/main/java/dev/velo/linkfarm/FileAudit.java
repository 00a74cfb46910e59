package dev.velo.linkfarm;

import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;

/** Compares a regular file of a farm with what the manifest says. */
interface FileAudit {
    /** What is wrong with it, null where nothing is. */
    String fault(int dir, byte[] name, FileStatus status, FileNode file) throws IOException;
}
