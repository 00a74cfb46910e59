package dev.velo.cas.ingest;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.store.SourceException;
import java.io.IOException;
import java.util.List;

/** Which entries of one directory, and of those below it, belong to the tree. Immutable. */
final class Selection {
    private final FileOps files;
    private final ExcludeRules excludes;
    private final boolean skipSpecial;
    private final boolean readIgnoreFiles;
    private final IgnoreRules ignores;

    private Selection(
            FileOps files, ExcludeRules excludes, boolean skipSpecial, boolean readIgnoreFiles, IgnoreRules ignores) {
        this.files = files;
        this.excludes = excludes;
        this.skipSpecial = skipSpecial;
        this.readIgnoreFiles = readIgnoreFiles;
        this.ignores = ignores;
    }

    /** The selection at the root, before its ignore file is read. */
    static Selection of(IngestRequest request, ExcludeRules excludes) {
        return new Selection(
                FileOps.system(), excludes, request.skipSpecial(), request.ignoreFiles(), IgnoreRules.NONE);
    }

    /**
     * The selection inside a directory: with its own ignore file, where it has one.
     *
     * @throws SourceException where that file cannot be read: nobody knows then what shall be left out
     */
    Selection in(TreePath path, int directory, List<DirectoryEntry> entries) throws SourceException {
        if (!readIgnoreFiles || entries.stream().noneMatch(IgnoreRules::isIgnoreFile)) {
            return this;
        }
        try {
            return new Selection(
                    files, excludes, skipSpecial, true, ignores.with(path, IgnoreRules.read(files, directory)));
        } catch (IOException e) {
            throw new SourceException(
                    new IOException("cannot read its " + IgnoreRules.NAME + ": " + e.getMessage(), e));
        }
    }

    boolean leavesOut(TreePath directory, FileName name, FileType type) {
        if (excludes.isEmpty() && ignores.isEmpty()) {
            return false;
        }
        TreePath path = directory.child(name);
        return excludes.matches(path) || ignores.matches(path, type == FileType.DIRECTORY);
    }

    /** True where FIFOs, sockets and devices are left out; otherwise they are faults. */
    boolean skipsSpecial() {
        return skipSpecial;
    }
}
