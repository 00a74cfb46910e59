package dev.velo.profiles;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a payload may use at most, as far as somebody has said so.
 *
 * @param time until it is ended
 * @param memory bytes of all its processes together
 * @param processes processes and threads at one time
 * @param processors thousandths of a processor
 * @param disk bytes written to the root, all that is there at one time
 * @param fileSize bytes of each file that a process writes, wherever it lies
 * @param output bytes of standard output and standard error together
 * @param bestEffort a limit that this host cannot enforce makes the run a less limited one; else none begins
 */
public record Limits(
        Optional<Duration> time,
        OptionalLong memory,
        OptionalLong processes,
        OptionalLong processors,
        OptionalLong disk,
        OptionalLong fileSize,
        OptionalLong output,
        Optional<Boolean> bestEffort) {
    /** Nobody has said anything. */
    public static final Limits NONE = new Limits(
            Optional.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            OptionalLong.empty(),
            Optional.empty());

    /** These, and of the others what these say nothing about. */
    public Limits orElse(Limits others) {
        return new Limits(
                time.or(others::time),
                first(memory, others.memory),
                first(processes, others.processes),
                first(processors, others.processors),
                first(disk, others.disk),
                first(fileSize, others.fileSize),
                first(output, others.output),
                bestEffort.or(others::bestEffort));
    }

    private static OptionalLong first(OptionalLong one, OptionalLong other) {
        return one.isPresent() ? one : other;
    }
}
