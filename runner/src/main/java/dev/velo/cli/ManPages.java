package dev.velo.cli;

import dev.velo.runner.Caller;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** Writes the manual, a page a command, from the definition of the command line; run by the build. */
public final class ManPages {
    private ManPages() {}

    /** @param args the directory to write to */
    public static void main(String[] args) throws IOException {
        Path directory = Files.createDirectories(Path.of(args[0]));
        CommandLine velo = Velo.commandLine(Caller.ofThisProcess());
        Files.writeString(directory.resolve("velo.1"), page(velo));
        for (CommandLine command : velo.getSubcommands().values()) {
            if (!command.getCommandSpec().usageMessage().hidden()) {
                Files.writeString(directory.resolve("velo-" + command.getCommandName() + ".1"), page(command));
            }
        }
    }

    static String page(CommandLine command) {
        CommandSpec spec = command.getCommandSpec();
        String title = spec.qualifiedName("-");
        StringBuilder out = new StringBuilder();
        out.append(".TH ").append(title.toUpperCase(Locale.ROOT)).append(" 1\n");
        out.append(".SH NAME\n")
                .append(title)
                .append(" \\- ")
                .append(text(spec.usageMessage().description()));
        out.append(".SH SYNOPSIS\n.nf\n").append(escape(synopsis(command))).append(".fi\n");
        if (!spec.positionalParameters().isEmpty()) {
            out.append(".SH ARGUMENTS\n");
            for (PositionalParamSpec parameter : spec.positionalParameters()) {
                item(out, parameter.paramLabel(), parameter.description());
            }
        }
        out.append(".SH OPTIONS\n");
        for (OptionSpec option : spec.options()) {
            if (!option.hidden()) {
                String value = option.arity().max() > 0 ? " " + option.paramLabel() : "";
                item(out, String.join(", ", option.names()) + value, option.description());
            }
        }
        commands(command, out);
        if (!spec.usageMessage().exitCodeList().isEmpty()) {
            out.append(".SH EXIT STATUS\n");
            spec.usageMessage().exitCodeList().forEach((code, meaning) -> item(out, code, meaning));
        }
        return out.toString();
    }

    private static void commands(CommandLine command, StringBuilder out) {
        if (command.getSubcommands().isEmpty()) {
            return;
        }
        out.append(".SH COMMANDS\n");
        command.getSubcommands().forEach((name, sub) -> {
            if (!sub.getCommandSpec().usageMessage().hidden()) {
                item(out, name, sub.getCommandSpec().usageMessage().description());
            }
        });
    }

    private static String synopsis(CommandLine command) {
        return command.getHelp().synopsis(0).replaceAll("\u001B\\[[;\\d]*m", "");
    }

    private static void item(StringBuilder out, String term, String... description) {
        out.append(".TP\n.B ").append(escape(term)).append('\n').append(text(description));
    }

    private static String text(String... lines) {
        return escape(String.join(" ", List.of(lines)).replace("%n", " ")) + "\n";
    }

    /** roff: a backslash is doubled, a hyphen that is typed is not a dash, a line must not begin with a dot or a quote. */
    private static String escape(String text) {
        return text.replace("\\", "\\e").replace("-", "\\-").replaceAll("(?m)^([.'])", "\\\\&$1");
    }
}
