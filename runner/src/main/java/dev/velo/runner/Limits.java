package dev.velo.runner;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the payload may use at most.
 *
 * @param time until it is ended
 * @param memory bytes of all its processes together
 * @param processes processes and threads at one time
 * @param processors thousandths of a processor
 * @param disk bytes written to the root, all that is there at one time
 * @param output bytes of standard output and standard error together
 * @param bestEffort a limit that this host cannot enforce makes the run a less limited one; else none begins
 */
public record Limits(
        Optional<Duration> time,
        OptionalLong memory,
        OptionalLong processes,
        OptionalLong processors,
        OptionalLong disk,
        OptionalLong output,
        boolean bestEffort) {}
