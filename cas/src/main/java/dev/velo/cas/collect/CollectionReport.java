package dev.velo.cas.collect;

import java.time.Duration;
import java.util.List;

/**
 * What a collection found, and with {@code removed} also took away.
 *
 * @param removed false for a report only
 * @param liveBlobs blobs and twins that something needs or that are younger than the grace period
 * @param blobs that nothing needs
 * @param bytes of disk that go with them: allocated blocks, counted only where the last link goes
 * @param farms names of those whose manifest nothing needs
 * @param farmsTook until the farms were out of everybody's view
 * @param trashTook until they were deleted
 * @param missingRoots registered manifests whose file is gone, one line each
 */
public record CollectionReport(
        boolean removed,
        long liveBlobs,
        long blobs,
        long bytes,
        List<String> farms,
        long manifests,
        long leases,
        Duration farmsTook,
        Duration trashTook,
        List<String> missingRoots) {}
