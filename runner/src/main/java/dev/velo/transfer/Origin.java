package dev.velo.transfer;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/** Where a pull comes from. It is not trusted: what it sends is proven by the {@link BlobSink}. */
public interface Origin extends AutoCloseable {
    /**
     * The bytes of a manifest; whoever asks proves them.
     *
     * @param wanted empty only where the other side holds one manifest and no more
     * @throws VeloException also where there is none such, or the reference is not exact enough
     */
    byte[] manifest(Optional<ManifestReference> wanted) throws VeloException, IOException;

    /**
     * Fetches these blobs.
     *
     * @return those that the other side does not have
     */
    List<Blob> get(Collection<Blob> blobs, BlobSink sink) throws VeloException, IOException;

    @Override
    void close() throws VeloException, IOException;
}
