package dev.velo.transfer;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.io.InputStream;

/** Where the contents of a pull go. Proves each one before it keeps it. Safe for use by many threads. */
public interface BlobSink {
    /**
     * Reads no more than the size of the blob and one byte, and does not close the stream.
     *
     * @throws VeloException where the content is not the blob, or reading failed with a {@link FaultInStream}
     * @throws IOException where it cannot be stored
     */
    void accept(Blob blob, InputStream content) throws VeloException, IOException;
}
