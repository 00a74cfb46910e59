package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.collect.Collection;
import dev.velo.cas.collect.CollectionReport;
import dev.velo.cas.store.Store;
import dev.velo.runner.Caller;
import dev.velo.runner.Installation;
import dev.velo.runner.NativeDisposal;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Garbage collection. */
@Command(
        name = "gc",
        mixinStandardHelpOptions = true,
        description = "Reports what no manifest, lease or running sandbox needs; with --run removes it.")
final class GcCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Option(names = "--run", description = "Remove it.")
    private boolean run;

    @Option(
            names = "--grace",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description =
                    "Keep what is younger, and what a manifest needs that has been missing for less (default: 1h).")
    private Duration grace = Duration.ofHours(1);

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    GcCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException {
        try (Store opened = store.open()) {
            CollectionReport report =
                    new Collection(opened, grace, new NativeDisposal(Installation.ofThisProcess())).run(run);
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                Output.json(out, values(report));
                return 0;
            }
            report.missingRoots().forEach(line -> out.println("missing    " + line));
            out.println(
                    (run ? "removed    " : "would go   ") + report.blobs() + " blobs, " + report.farms() + " farms, "
                            + report.manifests() + " copies of manifests; " + Output.size(report.bytes()) + " of disk");
            out.println("kept       " + report.liveBlobs() + " blobs");
            if (!run && report.blobs() + report.farms() + report.manifests() > 0) {
                out.println("Nothing was removed; velo gc --run removes it.");
            }
            out.flush();
            return 0;
        }
    }

    private static Map<String, Object> values(CollectionReport report) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("removed", report.removed());
        values.put("blobs", report.blobs());
        values.put("bytes", report.bytes());
        values.put("farms", report.farms());
        values.put("manifests", report.manifests());
        values.put("live_blobs", report.liveBlobs());
        values.put("leases", report.leases());
        values.put("farms_milliseconds", report.farmsTook().toNanos() / 1e6);
        values.put("trash_milliseconds", report.trashTook().toNanos() / 1e6);
        values.put("missing_roots", report.missingRoots());
        return values;
    }
}
