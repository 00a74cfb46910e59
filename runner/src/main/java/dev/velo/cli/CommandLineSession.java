package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.namespaces.LaunchException;
import dev.velo.profiles.ProfileException;
import dev.velo.runner.Caller;
import dev.velo.runner.DeclinedException;
import java.io.BufferedWriter;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** One command of one caller: from his arguments to an exit status, with all that there is to say said on his streams. */
public final class CommandLineSession {
    private final Caller caller;
    private final PrintWriter out;
    private final PrintWriter err;
    private DeclinedException declined;

    private CommandLineSession(Caller caller) {
        this.caller = caller;
        this.out = writer(caller.streams().out());
        this.err = writer(caller.streams().err());
    }

    /**
     * May be called any number of times, by many threads at once.
     *
     * @return the exit status
     * @throws DeclinedException where the command needs a process of the caller's own, and what works for him is none
     */
    public static int run(Caller caller) {
        return new CommandLineSession(caller).status();
    }

    private static PrintWriter writer(OutputStream stream) {
        return new PrintWriter(new BufferedWriter(new OutputStreamWriter(stream, StandardCharsets.UTF_8)), true);
    }

    private int status() {
        String first = caller.arguments().first();
        Optional<String> garbled = caller.arguments().garbled();
        if (garbled.isPresent()) {
            say(
                    err,
                    "cannot use argument " + garbled.get()
                            + ": it is not valid UTF-8; give the file or directory a name that is, or a link with one");
            return Velo.failureOf(first) == Velo.LAUNCH_FAILED ? Velo.LAUNCH_FAILED : 2;
        }
        int status;
        try {
            status = Velo.commandLine(caller, first)
                    .setOut(out)
                    .setErr(err)
                    .setExecutionExceptionHandler(this::failed)
                    .setParameterExceptionHandler(this::misused)
                    .execute(caller.arguments().text().toArray(new String[0]));
        } catch (Error e) {
            // Out of memory, a stack too deep: still one line and a status.
            status = internal(e, Velo.failureOf(first));
        }
        if (declined != null) {
            throw declined;
        }
        if (!out.checkError()) {
            return status;
        }
        // What was printed is not all. Who has closed a pipe knows that.
        if (status == 0 && !caller.streams().outIsPipe().getAsBoolean()) {
            say(
                    err,
                    "cannot write to standard output: it does not take all that there is to print;"
                            + " free some space where it goes");
        }
        return status == 0 ? 1 : status;
    }

    private int failed(Exception cause, CommandLine command, CommandLine.ParseResult result) {
        int status = Velo.failureOf(command.getCommandName());
        if (cause instanceof DeclinedException exception) {
            declined = exception;
            return status;
        }
        if (cause instanceof VeloException || cause instanceof ProfileException || cause instanceof LaunchException) {
            say(err, cause.getMessage());
            if (caller.debugs()) {
                cause.printStackTrace(err);
            }
            return status;
        }
        return internal(cause, status);
    }

    private int internal(Throwable cause, int status) {
        String what = cause.getMessage() == null
                ? cause.getClass().getSimpleName()
                : cause.getClass().getSimpleName() + ": " + cause.getMessage();
        say(err, "internal error: " + what + "; run it again with VRIFT_DEBUG=1 and report what it prints");
        if (caller.debugs()) {
            cause.printStackTrace(err);
        }
        return status;
    }

    private int misused(ParameterException fault, String[] args) {
        CommandLine command = fault.getCommandLine();
        String name = command.getCommandName().equals("velo") ? "" : " " + command.getCommandName();
        say(err, fault.getMessage() + "; see velo help" + name);
        return command.getCommandName().equals("run") ? Velo.LAUNCH_FAILED : 2;
    }

    /** One line, whatever is in the text. */
    static void say(PrintWriter err, String text) {
        err.println("velo: " + text.replaceAll("\\s*\\R\\s*", " "));
        err.flush();
    }
}
