package dev.velo.transfer;

/**
 * What a push or a pull did.
 *
 * @param blobs contents that the manifest needs, the manifest not counted
 * @param bytes of them, before any compression
 * @param movedBlobs of them, those that had to be moved
 * @param manifestMoved whether the manifest itself had to be moved
 */
public record TransferResult(
        Blob manifest, long blobs, long bytes, long movedBlobs, long movedBytes, boolean manifestMoved) {}
