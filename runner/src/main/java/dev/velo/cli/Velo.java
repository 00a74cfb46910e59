package dev.velo.cli;

import dev.velo.runner.Caller;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line: all commands, made for one caller. */
@Command(
        name = "velo",
        description = "Runs code on exactly the files it was given.",
        versionProvider = Version.class,
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:done",
            "1:failed; for verify also: something is wrong",
            "2:wrong usage",
            "run:the program's own; 128+N when signal N ended it; 124 time limit; 125 velo could not start it;"
                    + " 126 found but not executable; 127 not found"
        })
final class Velo implements Runnable {
    /** What velo could not start, as against what the payload returned. */
    static final int LAUNCH_FAILED = 125;

    /** In the order of the help. */
    static final List<String> COMMANDS = List.of(
            "help",
            "ingest",
            "run",
            "warm",
            "status",
            "gc",
            "verify",
            "roots",
            "protect",
            "unprotect",
            "inspect",
            "diff",
            "cat",
            "export",
            "push",
            "pull",
            "doctor",
            "daemon",
            "completion",
            "farm",
            "finish");

    @Spec
    private CommandSpec spec;

    private static Object command(String name, Caller caller) {
        return switch (name) {
            case "help" -> new HelpCommand();
            case "ingest" -> new IngestCommand(caller);
            case "run" -> new RunCommand(caller);
            case "warm" -> new WarmCommand(caller);
            case "status" -> new StatusCommand(caller);
            case "gc" -> new GcCommand(caller);
            case "verify" -> new VerifyCommand(caller);
            case "roots" -> RootsCommand.commandLine(caller);
            case "protect" -> new ProtectCommand(caller);
            case "unprotect" -> new ProtectCommand.Undo(caller);
            case "inspect" -> new InspectCommand(caller);
            case "diff" -> new DiffCommand(caller);
            case "cat" -> new CatCommand(caller);
            case "export" -> new ExportCommand(caller);
            case "push" -> new PushCommand(caller);
            case "pull" -> new PullCommand(caller);
            case "doctor" -> new DoctorCommand(caller);
            case "daemon" -> DaemonCommand.commandLine(caller);
            case "completion" -> new CompletionCommand(caller);
            case "farm" -> new FarmCommand(caller);
            case "finish" -> new FinishCommand(caller);
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** With all commands, for help, completion and the manual. */
    static CommandLine commandLine(Caller caller) {
        return commandLine(caller, "");
    }

    /** @param first the first argument: a command's name needs no other command, and each costs milliseconds to read */
    static CommandLine commandLine(Caller caller, String first) {
        boolean alone = COMMANDS.contains(first) && !first.equals("help") && !first.equals("completion");
        CommandLine velo = new CommandLine(new Velo());
        for (String name : alone ? List.of(first) : COMMANDS) {
            velo.addSubcommand(command(name, caller));
        }
        for (CommandLine command : velo.getSubcommands().values()) {
            takeDaemonOption(command);
        }
        if (velo.getSubcommands().containsKey("run")) {
            // What stands behind the program's name is the program's, whether -- was written or not.
            velo.getSubcommands().get("run").setStopAtPositional(true);
        }
        // picocli would put a file's words in the place of @FILE, and of a program's own argument, too.
        return velo.setExpandAtFiles(false)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true);
    }

    private static void takeDaemonOption(CommandLine command) {
        if (!List.of("help", "daemon").contains(command.getCommandName())) {
            command.addMixin("resident", new DaemonOption());
            for (CommandLine below : command.getSubcommands().values()) {
                takeDaemonOption(below);
            }
        }
    }

    /** The exit status of a command that fails. */
    static int failureOf(String command) {
        return command.equals("run") ? LAUNCH_FAILED : 1;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command");
    }
}
