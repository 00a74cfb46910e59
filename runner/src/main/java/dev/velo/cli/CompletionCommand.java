package dev.velo.cli;

import dev.velo.runner.Caller;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Completion for shells, from the definition of the command line. */
@Command(
        name = "completion",
        mixinStandardHelpOptions = true,
        description = "Prints a completion script for a shell: bash, zsh or fish.")
final class CompletionCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "SHELL", description = "bash, zsh or fish.")
    private String shell;

    CompletionCommand(Caller caller) {
        this.caller = caller;
    }

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        CommandLine velo = Velo.commandLine(caller);
        switch (shell) {
            case "bash" -> out.print(AutoComplete.bash("velo", velo));
            case "zsh" -> {
                // picocli's script completes in zsh too, through zsh's own emulation of bash's completion.
                out.println("autoload -U +X compinit && compinit");
                out.println("autoload -U +X bashcompinit && bashcompinit");
                out.print(AutoComplete.bash("velo", velo));
            }
            case "fish" -> fish(velo, out);
            default ->
                throw new ParameterException(
                        spec.commandLine(), "there is completion for bash, zsh and fish, not for '" + shell + "'");
        }
        out.flush();
        return 0;
    }

    private static void fish(CommandLine velo, PrintWriter out) {
        out.println("complete -c velo -f");
        velo.getSubcommands().forEach((name, command) -> {
            if (command.getCommandSpec().usageMessage().hidden()) {
                return;
            }
            String description =
                    String.join(" ", command.getCommandSpec().usageMessage().description());
            out.println("complete -c velo -n __fish_use_subcommand -a " + name + " -d '" + quoted(description) + "'");
            for (OptionSpec option : command.getCommandSpec().options()) {
                if (!option.hidden()) {
                    option(name, option, out);
                }
            }
            out.println("complete -c velo -n '__fish_seen_subcommand_from " + name + "' -F");
        });
    }

    private static void option(String command, OptionSpec option, PrintWriter out) {
        StringBuilder line = new StringBuilder("complete -c velo -n '__fish_seen_subcommand_from " + command + "'");
        for (String name : option.names()) {
            line.append(name.startsWith("--") ? " -l " + name.substring(2) : " -s " + name.substring(1));
        }
        if (option.arity().max() > 0) {
            line.append(" -r -F");
        }
        out.println(line + " -d '" + quoted(String.join(" ", option.description())) + "'");
    }

    private static String quoted(String text) {
        return text.replace("\\", "\\\\").replace("'", "\\'");
    }
}
