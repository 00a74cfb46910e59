package dev.velo.transfer;

import java.io.IOException;
import java.io.InputStream;

/** Where the contents of a push come from. Safe for use by many threads. */
public interface BlobSource {
    /**
     * The content. Its end is reported only where the bytes before it are those of the blob; else the read at the end throws
     * {@link FaultInStream}. So whoever waits for the end before the last step never passes on a wrong content.
     */
    InputStream open(Blob blob) throws IOException;

    /** Tells this source from every other, and is the same tomorrow: what a server has of an unfinished upload is found again by it. */
    String name() throws IOException;
}
