package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.namespaces.LaunchException;
import dev.velo.profiles.ProfileException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The program. */
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
public final class Main implements Runnable {
    /** What velo could not start, as against what the payload returned. */
    static final int LAUNCH_FAILED = 125;

    /** In the order of the help. */
    static final List<String> COMMANDS = List.of(
            "help",
            "ingest",
            "run",
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
            "completion",
            "farm",
            "finish");

    @Spec
    private CommandSpec spec;

    private static Class<?> command(String name) {
        return switch (name) {
            case "help" -> HelpCommand.class;
            case "ingest" -> IngestCommand.class;
            case "run" -> RunCommand.class;
            case "status" -> StatusCommand.class;
            case "gc" -> GcCommand.class;
            case "verify" -> VerifyCommand.class;
            case "roots" -> RootsCommand.class;
            case "protect" -> ProtectCommand.class;
            case "unprotect" -> ProtectCommand.Undo.class;
            case "inspect" -> InspectCommand.class;
            case "diff" -> DiffCommand.class;
            case "cat" -> CatCommand.class;
            case "export" -> ExportCommand.class;
            case "push" -> PushCommand.class;
            case "pull" -> PullCommand.class;
            case "doctor" -> DoctorCommand.class;
            case "completion" -> CompletionCommand.class;
            case "farm" -> FarmCommand.class;
            case "finish" -> FinishCommand.class;
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** The command line with all commands, for help, completion and the manual. */
    static CommandLine commandLine() {
        return commandLine("");
    }

    /** @param first the first argument: a command's name needs no other command, and each costs milliseconds to read */
    static CommandLine commandLine(String first) {
        boolean alone = COMMANDS.contains(first) && !first.equals("help") && !first.equals("completion");
        CommandLine velo = new CommandLine(new Main());
        for (String name : alone ? List.of(first) : COMMANDS) {
            velo.addSubcommand(command(name));
        }
        if (velo.getSubcommands().containsKey("run")) {
            // What stands behind the program's name is the program's, whether -- was written or not.
            velo.getSubcommands().get("run").setStopAtPositional(true);
        }
        return velo.setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(true)
                .setExecutionExceptionHandler(Main::failed)
                .setParameterExceptionHandler(Main::misused);
    }

    public static void main(String[] args) {
        boolean debug = "1".equals(System.getenv("VRIFT_DEBUG"));
        int status;
        try {
            String garbled = RawArguments.garbled(args);
            if (garbled != null) {
                System.err.println("velo: cannot use argument " + garbled
                        + ": it is not valid UTF-8; give the file or directory a name that is, or a link with one");
                Runtime.getRuntime().halt(statusOf(args[0]) == LAUNCH_FAILED ? LAUNCH_FAILED : 2);
            }
            status = commandLine(args.length > 0 ? args[0] : "").execute(args);
        } catch (Error e) {
            // Out of memory, a stack too deep: still one line and a status.
            status = internal(e, debug, statusOf(args.length > 0 ? args[0] : ""));
        }
        if (System.out.checkError()) {
            // What was printed is not all. Who has closed a pipe knows that.
            if (status == 0 && !isPipe(Path.of("/proc/self/fd/1"))) {
                System.err.println("velo: cannot write to standard output: it does not take all that there is to print;"
                        + " free some space where it goes");
            }
            Runtime.getRuntime().halt(status == 0 ? 1 : status);
        }
        System.exit(status);
    }

    static boolean isPipe(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).toString().startsWith("pipe:");
        } catch (IOException e) {
            return false;
        }
    }

    private static int statusOf(String command) {
        return command.equals("run") ? LAUNCH_FAILED : 1;
    }

    private static int failed(Exception cause, CommandLine command, CommandLine.ParseResult result) {
        boolean debug = "1".equals(System.getenv("VRIFT_DEBUG"));
        int status = statusOf(command.getCommandName());
        if (cause instanceof VeloException || cause instanceof ProfileException || cause instanceof LaunchException) {
            say(command.getErr(), cause.getMessage());
            if (debug) {
                cause.printStackTrace(command.getErr());
            }
            return status;
        }
        return internal(cause, debug, status);
    }

    private static int internal(Throwable cause, boolean debug, int status) {
        String what = cause.getMessage() == null
                ? cause.getClass().getSimpleName()
                : cause.getClass().getSimpleName() + ": " + cause.getMessage();
        say(
                new PrintWriter(System.err, true),
                "internal error: " + what + "; run it again with VRIFT_DEBUG=1 and report what it prints");
        if (debug) {
            cause.printStackTrace();
        }
        return status;
    }

    private static int misused(ParameterException fault, String[] args) {
        CommandLine command = fault.getCommandLine();
        String name = command.getCommandName().equals("velo") ? "" : " " + command.getCommandName();
        say(command.getErr(), fault.getMessage() + "; see velo help" + name);
        return command.getCommandName().equals("run") ? LAUNCH_FAILED : 2;
    }

    /** One line, whatever is in the text. */
    static void say(PrintWriter err, String text) {
        err.println("velo: " + text.replaceAll("\\s*\\R\\s*", " "));
        err.flush();
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "name a command");
    }
}
