package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.Store;
import dev.velo.namespaces.LaunchException;
import dev.velo.profiles.ProfileException;
import dev.velo.runner.BindSpec;
import dev.velo.runner.Caller;
import dev.velo.runner.FailureRecord;
import dev.velo.runner.Installation;
import dev.velo.runner.PlannedRun;
import dev.velo.runner.Run;
import dev.velo.runner.RunRequest;
import dev.velo.runner.ShimRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A program on manifests. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        description = "Runs a program on exactly the files of the manifests.",
        footer = {
            "%nWith --isolate the program sees the manifests and what the profile adds, and nothing else of this host.",
            "Without it, it is a program of this host like any other, with your rights, files, network and environment;"
                    + " a library that is loaded into it and into all that it starts shows it the manifests at /vrift"
                    + " (VRIFT_VFS_PREFIX), and keeps what it changes there; a supervisor does so for programs that load no"
                    + " library (static or set-user-id ones, which get no further rights), and with --strict for whatever"
                    + " a program does past its C library. That protects nothing.",
            "%nStandard output is the program's; velo prints nothing when all is well."
        })
final class RunCommand implements Callable<Integer> {
    /** What has no meaning for a program that runs as any other of the host. */
    private static final List<String> SANDBOXED = List.of(
            "--profile",
            "--net",
            "--bind",
            "--hostname",
            "--uid",
            "--gid",
            "--placement",
            "--tty",
            "--tenant",
            "--tenant-ids",
            "--memory",
            "--pids",
            "--cpus",
            "--disk",
            "--file-size",
            "--max-output",
            "--limits");

    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Option(
            names = "--isolate",
            description = "Run in a sandbox of its own; without it, as a program of this host (see below).")
    private boolean isolate;

    @Option(
            names = "--strict",
            description =
                    "Without --isolate: show the manifests to system calls that go past the library, too, and tell at the end how many there were and from where.")
    private boolean strict;

    @Option(names = "--base", paramLabel = "M", description = "A manifest below all others. May be repeated.")
    private List<Path> bases = new ArrayList<>();

    @Option(names = "--manifest", paramLabel = "M", description = "A manifest; a later one wins. May be repeated.")
    private List<Path> manifests = new ArrayList<>();

    @Option(
            names = "--profile",
            paramLabel = "NAME|FILE",
            description = "hermetic (default), host-tools, or a YAML file.")
    private String profile = "hermetic";

    @Option(names = "--net", paramLabel = "none|host", description = "The network (default: the profile's, none).")
    private String network;

    @Mixin
    private LimitOptions limits;

    @Option(names = "--env", paramLabel = "K=V", description = "Set a variable of the program's environment.")
    private List<String> environment = new ArrayList<>();

    @Option(
            names = "--pass-env",
            paramLabel = "K",
            description = "Pass on a variable of the caller's; without --isolate all are.")
    private List<String> passed = new ArrayList<>();

    @Option(
            names = "--bind",
            paramLabel = "SRC:DST[:ro|rw]",
            description = "Show a file or directory of the host, read-only unless rw. \\: is a colon in a path.")
    private List<String> binds = new ArrayList<>();

    @Option(
            names = "--workdir",
            paramLabel = "DIR",
            description =
                    "The working directory inside. Without --isolate it may be relative, and this directory is the default.")
    private String workdir;

    @Option(names = "--hostname", paramLabel = "H", description = "The host name inside.")
    private String hostname;

    @Option(names = "--uid", paramLabel = "N", description = "The user id inside.")
    private Integer uid;

    @Option(names = "--gid", paramLabel = "N", description = "The group id inside.")
    private Integer gid;

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Write the result, manifests and changes together, as a new manifest.")
    private Path output;

    @Option(
            names = "--changes",
            paramLabel = "FILE|-",
            description =
                    "Write the list of changed paths; - is standard error, since standard output is the program's.")
    private String changes;

    @Option(
            names = "--placement",
            paramLabel = "P",
            description =
                    "How files come to their content: auto (default), hardlink, reflink, copy, or metadata, which alone shows the manifest's own modes and times.")
    private String placement = PlacementOption.AUTO;

    @Option(
            names = "--result",
            paramLabel = "FILE",
            description =
                    "Write what happened as one JSON object: how it ended, times, limits, why it could not start.")
    private Path result;

    @Option(
            names = {"-t", "--tty"},
            description = "Give the program a terminal of its own, as large as this one.")
    private boolean terminal;

    @Parameters(arity = "0..*", paramLabel = "CMD ARG...", description = "The program and its arguments, behind --.")
    private List<String> command = new ArrayList<>();

    RunCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException, ProfileException, LaunchException, IOException {
        try {
            RunRequest request = request();
            try (Store opened = store.openOrCreate()) {
                try (PlannedRun planned = plan(opened, request)) {
                    return caller.process().launch(planned);
                }
            }
        } catch (VeloException | ProfileException | LaunchException | IOException | ParameterException e) {
            record(String.valueOf(e.getMessage()));
            throw e;
        }
    }

    private PlannedRun plan(Store opened, RunRequest request) throws VeloException, ProfileException {
        Installation installation = Installation.ofThisProcess();
        return isolate
                ? new Run(opened, installation, caller).plan(request)
                : new ShimRun(opened, installation, caller).plan(request);
    }

    /** What goes wrong from here on is told twice; that it cannot be written, once. */
    private void record(String message) {
        if (result != null && !message.startsWith("cannot write " + result + ":")) {
            try {
                FailureRecord.write(caller.path(result).path(), message);
            } catch (IOException e) {
                CommandLineSession.say(
                        spec.commandLine().getErr(),
                        "cannot write the record " + result + ": "
                                + caller.path(result).told(e)
                                + "; name a file in a directory that exists and may be written to");
            }
        }
    }

    private RunRequest request() throws VeloException, IOException {
        refuseWithoutSandbox();
        if (bases.isEmpty() && manifests.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "name at least one manifest with --manifest");
        }
        if (binds.stream().anyMatch(bind -> bind.indexOf('\uFFFD') >= 0)) {
            throw new ParameterException(spec.commandLine(), "--bind takes paths in UTF-8");
        }
        if (command.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "name a program behind --");
        }
        return new RunRequest(
                caller.paths(bases),
                caller.paths(manifests),
                profile,
                hostNetwork(),
                assignments(),
                passed,
                bindSpecs(),
                Optional.ofNullable(absolute(workdir)),
                Optional.ofNullable(checkedHostname()),
                id(uid),
                id(gid),
                caller.optional(output),
                Optional.ofNullable(changes),
                PlacementOption.parse(spec, placement),
                limits.limits(),
                terminal,
                strict,
                caller.optional(result),
                caller.arguments().last(command));
    }

    /** It must not look as if something protected the host that does not. */
    private void refuseWithoutSandbox() throws VeloException {
        if (isolate) {
            if (strict) {
                throw new VeloException(
                        "cannot use --strict with --isolate: a sandbox shows every program all of its files",
                        "leave out one of them");
            }
            return;
        }
        for (String option : SANDBOXED) {
            boolean given = spec.commandLine().getParseResult().hasMatchedOption(option);
            if (given && !(option.equals("--net") && "host".equals(network))) {
                throw new VeloException(
                        "cannot use " + option + " without --isolate: it takes a sandbox", "add --isolate");
            }
        }
    }

    private Optional<Boolean> hostNetwork() {
        if (network == null) {
            return Optional.empty();
        }
        if (!network.equals("none") && !network.equals("host")) {
            throw new ParameterException(spec.commandLine(), "--net is none or host, not '" + network + "'");
        }
        return Optional.of(network.equals("host"));
    }

    private List<byte[]> assignments() {
        List<byte[]> result = new ArrayList<>();
        for (String assignment : environment) {
            if (assignment.indexOf('\uFFFD') >= 0) {
                throw new ParameterException(spec.commandLine(), "--env takes UTF-8; pass other bytes with --pass-env");
            }
            if (assignment.indexOf('=') < 1) {
                throw new ParameterException(spec.commandLine(), "--env takes K=V, not '" + assignment + "'");
            }
            result.add(assignment.getBytes(StandardCharsets.UTF_8));
        }
        return result;
    }

    private List<BindSpec> bindSpecs() {
        try {
            return binds.stream().map(BindSpec::parse).toList();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--bind: " + e.getMessage());
        }
    }

    private String absolute(String directory) {
        if (isolate && directory != null && !directory.startsWith("/")) {
            throw new ParameterException(spec.commandLine(), "--workdir takes an absolute path inside the sandbox");
        }
        return directory;
    }

    private String checkedHostname() {
        if (hostname != null && !hostname.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?")) {
            throw new ParameterException(spec.commandLine(), "--hostname: '" + hostname + "' is not a host name");
        }
        return hostname;
    }

    private OptionalInt id(Integer value) {
        if (value == null) {
            return OptionalInt.empty();
        }
        if (value < 0) {
            throw new ParameterException(spec.commandLine(), "ids are not negative");
        }
        return OptionalInt.of(value);
    }
}
