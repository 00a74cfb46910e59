package dev.velo.cas.store;

import java.io.IOException;

/** A fault of the file that is being read into the store, as against one of the store itself. */
public final class SourceException extends IOException {
    public SourceException(IOException cause) {
        super(cause);
    }

    /** What failed. */
    public IOException fault() {
        return (IOException) getCause();
    }
}
