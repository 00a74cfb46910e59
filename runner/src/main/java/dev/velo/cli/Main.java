package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.namespaces.LaunchException;
import dev.velo.profiles.ProfileException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
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
        subcommands = {
            HelpCommand.class,
            IngestCommand.class,
            RunCommand.class,
            StatusCommand.class,
            GcCommand.class,
            VerifyCommand.class,
            RootsCommand.class,
            ProtectCommand.class,
            ProtectCommand.Undo.class,
            InspectCommand.class,
            DiffCommand.class,
            CatCommand.class,
            ExportCommand.class,
            PushCommand.class,
            PullCommand.class,
            DoctorCommand.class,
            CompletionCommand.class,
            FarmCommand.class,
            FinishCommand.class
        },
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

    @Spec
    private CommandSpec spec;

    /** The command line with all commands, for help, completion and the manual. */
    static CommandLine commandLine() {
        CommandLine velo = new CommandLine(new Main());
        // What stands behind the program's name is the program's, whether -- was written or not.
        velo.getSubcommands().get("run").setStopAtPositional(true);
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
                Runtime.getRuntime().halt(statusOf(args[0]) == 125 ? 125 : 2);
            }
            status = commandLine().execute(args);
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

    private static boolean isPipe(Path descriptor) {
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
