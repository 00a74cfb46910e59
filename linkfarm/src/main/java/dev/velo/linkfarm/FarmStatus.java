package dev.velo.linkfarm;

import dev.velo.cas.Digest;
import dev.velo.cas.posix.Timestamp;
import java.util.Optional;

/**
 * A farm that a store has.
 *
 * @param name of its directory
 * @param manifest empty where the name is not one that Velo gives
 * @param placement empty where the name is not one that Velo gives
 * @param entries that its marker says it has, 0 where it is not complete
 * @param bytes of disk that it takes for itself: blocks of what is no link to a file of the store, and 256 an inode
 * @param used when a run last took it, to the minute
 * @param current complete, and built since the machine was started: the next run takes it as it is
 */
public record FarmStatus(
        String name,
        Optional<Digest> manifest,
        Optional<Placement> placement,
        long entries,
        long bytes,
        Timestamp used,
        boolean current) {}
