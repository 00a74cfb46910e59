package dev.velo.cli;

import dev.velo.profiles.Limits;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What a run may use at most. Each wins over the profile's limit of that name. */
final class LimitOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(
            names = "--timeout",
            paramLabel = "D",
            converter = DurationConverter.class,
            description = "End the program after this time: TERM, two seconds later KILL; exit status 124.")
    private Duration timeout;

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description =
                    "At most this much memory for all processes inside, files in memory included, and no swap. Needs a control group.")
    private Long memory;

    @Option(
            names = "--pids",
            paramLabel = "N",
            description = "At most this many processes and threads inside at one time.")
    private Long processes;

    @Option(
            names = "--cpus",
            paramLabel = "N",
            converter = ProcessorsConverter.class,
            description = "At most this many processors' time, like 0.5 or 2. Needs a control group.")
    private Long processors;

    @Option(
            names = "--disk",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description =
                    "At most this much written to the sandbox's root, like 512M or 2G. It is kept in memory; /tmp and /dev/shm have limits of their own.")
    private Long disk;

    @Option(
            names = "--file-size",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description =
                    "No file that a process writes may become larger than this, wherever it lies; else SIGXFSZ, or EFBIG where that is ignored.")
    private Long fileSize;

    @Option(
            names = "--max-output",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description =
                    "At most this much on standard output and standard error together; what is more is dropped, and the run ends.")
    private Long output;

    @Option(
            names = "--limits",
            paramLabel = "strict|best-effort",
            description =
                    "What to do about a limit that cannot be enforced here (default: the profile's, strict): refuse to run (strict), or come as near to it as this host can.")
    private String mode;

    /** As the user asked for them; whether they make sense is known by now, whether this host can is not. */
    Limits limits() {
        if (mode != null && !mode.equals("strict") && !mode.equals("best-effort")) {
            throw new ParameterException(spec.commandLine(), "--limits is strict or best-effort, not '" + mode + "'");
        }
        if (timeout != null && timeout.isZero()) {
            throw new ParameterException(spec.commandLine(), "--timeout must be more than 0; leave it out for none");
        }
        return new Limits(
                Optional.ofNullable(timeout),
                positive("--memory", memory),
                positive("--pids", processes),
                positive("--cpus", processors),
                positive("--disk", disk),
                positive("--file-size", fileSize),
                positive("--max-output", output),
                Optional.ofNullable(mode).map("best-effort"::equals));
    }

    private OptionalLong positive(String name, Long value) {
        if (value == null) {
            return OptionalLong.empty();
        }
        if (value < 1) {
            throw new ParameterException(spec.commandLine(), name + " must be more than 0; leave it out for no limit");
        }
        return OptionalLong.of(value);
    }
}
