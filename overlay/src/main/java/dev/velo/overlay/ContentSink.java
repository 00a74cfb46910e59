package dev.velo.overlay;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;

/** Where the contents of changed files go. */
public interface ContentSink {
    /** Takes the content of an open regular file and says what it is. */
    Digest store(Descriptor file, FileStatus status) throws IOException;
}
