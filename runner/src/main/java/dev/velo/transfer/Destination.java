package dev.velo.transfer;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.util.Collection;
import java.util.List;

/** Where a push goes. It is not trusted: it can never make a push send what it was not offered. */
public interface Destination extends AutoCloseable {
    /** Of these blobs, those that the other side lacks; never any other. */
    List<Blob> missing(Collection<Blob> blobs) throws VeloException, IOException;

    /** Sends these blobs. */
    void put(Collection<Blob> blobs, BlobSource source) throws VeloException, IOException;

    /**
     * Makes a manifest known, after all that it needs has been sent.
     *
     * @return true where it was not known yet
     */
    boolean publish(Blob manifest, byte[] bytes) throws VeloException, IOException;

    @Override
    void close() throws VeloException, IOException;
}
