package dev.velo.cas.ingest;

import dev.velo.cas.Digest;
import java.util.List;

/**
 * What an ingest did.
 *
 * @param manifest digest of the manifest, null where there were faults: then no manifest was written
 * @param bytes of all files together
 * @param newBlobs contents that the store did not have
 * @param unread files that had not changed since an earlier ingest and were not opened
 * @param secrets files that commonly hold secrets, one line each: in the tree, or left out where that was asked
 * @param skipped what was left out on request or for a reason that is no fault, one line each
 * @param faults what could not be read, one line each
 */
public record IngestResult(
        Digest manifest,
        long files,
        long directories,
        long symlinks,
        long bytes,
        long newBlobs,
        long newBytes,
        long unread,
        List<String> secrets,
        List<String> skipped,
        List<String> faults) {}
