package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.daemon.Resident;
import dev.velo.daemon.ResidentSettings;
import dev.velo.runner.Caller;
import dev.velo.runner.ResidentProcess;
import dev.velo.runner.ResidentStatus;
import dev.velo.runner.StoreLocation;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The resident process, as its users see it: bin/velo brings these commands to it, so where one of them works in a process of its own there is none. */
@Command(
        name = "daemon",
        mixinStandardHelpOptions = true,
        description =
                "Starts, ends or shows the process that plans runs without the start of a JVM (VELO_DAEMON=0 does without).")
final class DaemonCommand implements Runnable {
    private static final Duration IDLE = Duration.ofHours(3);

    @Spec
    private CommandSpec spec;

    /** With the commands below it; alone with the one that is asked for, since each costs time to read. */
    static CommandLine commandLine(Caller caller) {
        Map<String, Object> below = new LinkedHashMap<>();
        below.put("start", new Start(caller));
        below.put("stop", new Stop(caller));
        below.put("status", new Show(caller));
        below.put("serve", new Serve(caller));
        List<String> words = caller.arguments().text();
        if (words.size() > 1 && words.get(0).equals("daemon") && below.containsKey(words.get(1))) {
            below.keySet().retainAll(List.of(words.get(1)));
        }
        CommandLine daemon = new CommandLine(new DaemonCommand());
        below.values().forEach(daemon::addSubcommand);
        return daemon;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command: start, stop or status");
    }

    /** Which one. bin/velo reads it as well. */
    static final class Which {
        @Option(names = "--store", paramLabel = "DIR", description = "The one that works on this store.")
        private Path store;

        Path path(Caller caller) throws VeloException {
            return location(caller).resolve(Optional.ofNullable(store));
        }
    }

    private static StoreLocation location(Caller caller) {
        return new StoreLocation(caller.environment().texts(), caller.directory());
    }

    private static Optional<ResidentProcess> resident(Caller caller, Which which) throws VeloException {
        caller.process().use(which.path(caller));
        return caller.process().resident();
    }

    /** bin/velo has started it. */
    @Command(
            name = "start",
            mixinStandardHelpOptions = true,
            description = "Starts the resident process where there is none yet.")
    static final class Start implements Callable<Integer> {
        private final Caller caller;

        @Mixin
        private Which which = new Which();

        Start(Caller caller) {
            this.caller = caller;
        }

        @Override
        public Integer call() throws VeloException {
            if (resident(caller, which).isEmpty()) {
                throw new VeloException(
                        "cannot start the resident process for store " + which.path(caller)
                                + ": bin/velo could not reach it",
                        "see what it warned of");
            }
            return 0;
        }
    }

    /** Ends it. */
    @Command(
            name = "stop",
            mixinStandardHelpOptions = true,
            description = "Ends the resident process; runs that it has planned go on.")
    static final class Stop implements Callable<Integer> {
        private final Caller caller;

        @Spec
        private CommandSpec spec;

        @Mixin
        private Which which = new Which();

        Stop(Caller caller) {
            this.caller = caller;
        }

        @Override
        public Integer call() throws VeloException {
            Optional<ResidentProcess> resident = resident(caller, which);
            if (resident.isEmpty()) {
                spec.commandLine().getOut().println(nobody(which.path(caller)));
            } else {
                resident.get().end();
            }
            return 0;
        }
    }

    /** Shows it. */
    @Command(
            name = "status",
            mixinStandardHelpOptions = true,
            description = "Shows the resident process.",
            exitCodeListHeading = "%nExit status:%n",
            exitCodeList = {"0:there is one", "1:there is none"})
    static final class Show implements Callable<Integer> {
        private final Caller caller;

        @Spec
        private CommandSpec spec;

        @Mixin
        private Which which = new Which();

        @Option(names = "--json", description = "Print one JSON object.")
        private boolean json;

        Show(Caller caller) {
            this.caller = caller;
        }

        @Override
        public Integer call() throws VeloException {
            Optional<ResidentStatus> status = resident(caller, which).map(ResidentProcess::status);
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                Output.json(out, values(which.path(caller), status));
            } else {
                out.println(status.map(Show::line).orElse(nobody(which.path(caller))));
            }
            return status.isPresent() ? 0 : 1;
        }

        private static String line(ResidentStatus status) {
            return "pid " + status.pid() + ", build " + status.build() + ", store " + status.store() + ", since "
                    + status.since() + ", requests " + status.requests() + ", idle "
                    + status.idle().toSeconds() + " s";
        }

        private static Map<String, Object> values(Path store, Optional<ResidentStatus> status) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("pid", status.map(ResidentStatus::pid).orElse(null));
            values.put("build", status.map(ResidentStatus::build).orElse(null));
            values.put("store", store.toString());
            values.put("since", status.map(each -> each.since().toString()).orElse(null));
            values.put("requests", status.map(ResidentStatus::requests).orElse(null));
            values.put(
                    "idle_seconds", status.map(each -> each.idle().toSeconds()).orElse(null));
            return values;
        }
    }

    private static String nobody(Path store) {
        return "no resident process works on store " + store;
    }

    /** The process itself. */
    @Command(
            name = "serve",
            hidden = true,
            mixinStandardHelpOptions = true,
            description = "Is the resident process; bin/velo starts it.")
    static final class Serve implements Callable<Integer> {
        private final Caller caller;

        @Mixin
        private Which which = new Which();

        @Option(names = "--directory", required = true, paramLabel = "DIR", description = "Where its lock is.")
        private Path directory;

        @Option(names = "--socket", required = true, paramLabel = "NAME", description = "Its socket in there.")
        private String socket;

        Serve(Caller caller) {
            this.caller = caller;
        }

        @Override
        public Integer call() throws VeloException {
            Duration idle = location(caller).config().idle().orElse(IDLE);
            Resident.serve(
                    caller.path(directory).path(),
                    socket,
                    new ResidentSettings(which.path(caller), idle),
                    caller,
                    CommandLineSession::run);
            return 0;
        }
    }
}
