package dev.velo.cas.ingest;

import dev.velo.cas.UserPath;
import java.nio.file.Path;
import java.util.List;

/**
 * What to ingest.
 *
 * @param source the directory; a symbolic link given here is followed, none below is
 * @param output the manifest to write; never part of the tree, even where it lies inside it
 * @param excludes glob patterns: one without a slash matches a name anywhere, one with a slash the path from the root
 * @param jobs number of threads that hash and copy, at least 1
 * @param skipSpecial leave out FIFOs, sockets and devices instead of failing
 * @param forceHash read every file, whatever an earlier ingest has noted of it
 * @param ignoreFiles leave out what {@code .veloignore} files in the tree name
 * @param excludeSecrets leave out files that commonly hold secrets instead of only naming them
 */
public record IngestRequest(
        UserPath source,
        UserPath output,
        List<String> excludes,
        int jobs,
        boolean skipSpecial,
        boolean forceHash,
        boolean ignoreFiles,
        boolean excludeSecrets) {
    public IngestRequest {
        excludes = List.copyOf(excludes);
        if (jobs < 1) {
            throw new IllegalArgumentException("jobs must be at least 1");
        }
    }

    /** With ignore files, of absolute paths, and nothing else out of the ordinary. */
    public IngestRequest(Path source, Path output, List<String> excludes, int jobs, boolean skipSpecial) {
        this(UserPath.of(source), UserPath.of(output), excludes, jobs, skipSpecial, false, true, false);
    }
}
