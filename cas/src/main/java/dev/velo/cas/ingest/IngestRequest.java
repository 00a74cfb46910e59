package dev.velo.cas.ingest;

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
 */
public record IngestRequest(Path source, Path output, List<String> excludes, int jobs, boolean skipSpecial) {
    public IngestRequest {
        excludes = List.copyOf(excludes);
        if (jobs < 1) {
            throw new IllegalArgumentException("jobs must be at least 1");
        }
    }
}
