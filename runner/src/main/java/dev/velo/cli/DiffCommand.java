package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestDiff;
import dev.velo.runner.Caller;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Two manifests compared. */
@Command(
        name = "diff",
        mixinStandardHelpOptions = true,
        description =
                "Lists what differs between two manifests: A added, D removed, M modified, T another type, m metadata.")
final class DiffCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "A", description = "The one manifest.")
    private Path before;

    @Parameters(index = "1", paramLabel = "B", description = "The other.")
    private Path after;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    DiffCommand(Caller caller) {
        this.caller = caller;
    }

    @Override
    public Integer call() throws VeloException {
        List<ManifestDiff.Difference> differences =
                ManifestDiff.between(Manifest.open(caller.path(before)), Manifest.open(caller.path(after)));
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Output.json(
                    out,
                    Map.of(
                            "differences",
                            differences.stream().map(DiffCommand::values).toList()));
        } else {
            differences.forEach(each -> out.println(letter(each.kind()) + " " + each.path()));
            out.flush();
        }
        return 0;
    }

    private static Map<String, Object> values(ManifestDiff.Difference difference) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("kind", difference.kind().name().toLowerCase(Locale.ROOT));
        values.put("path", difference.path().toString());
        values.put("type", difference.type().name().toLowerCase(Locale.ROOT));
        return values;
    }

    private static String letter(ManifestDiff.Kind kind) {
        return switch (kind) {
            case ADDED -> "A";
            case REMOVED -> "D";
            case MODIFIED -> "M";
            case TYPE_CHANGED -> "T";
            case METADATA -> "m";
        };
    }
}
