package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.store.Store;
import dev.velo.linkfarm.FarmBudget;
import dev.velo.runner.Caller;
import dev.velo.runner.Status;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What the store holds. */
@Command(
        name = "status",
        mixinStandardHelpOptions = true,
        description = "Shows what the store holds and what it saves.")
final class StatusCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Option(names = "--manifest", paramLabel = "M", description = "Only what this manifest needs.")
    private Path manifest;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    StatusCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException {
        FarmBudget budget = store.farms();
        try (Store opened = store.open()) {
            Optional<Manifest> only =
                    manifest == null ? Optional.empty() : Optional.of(Manifest.open(caller.path(manifest)));
            Status.Report report = new Status(opened).report(only);
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                Output.json(out, values(opened, report, budget));
            } else {
                print(out, opened, report, budget);
            }
            return 0;
        }
    }

    private static double ratio(long all, long unique) {
        return unique == 0 ? 1 : (double) all / unique;
    }

    private void print(PrintWriter out, Store opened, Status.Report report, FarmBudget budget) {
        out.println("store      " + opened.path());
        store.tenant()
                .ifPresent(tenant -> out.println(
                        "tenant     " + tenant + ", host id " + opened.owner().uid()));
        out.println("blobs      " + report.blobs() + " and " + report.twins() + " executable twins, "
                + Output.size(report.bytes()) + " on disk");
        out.println("manifests  " + report.manifests()
                + (report.missingManifests() > 0 ? ", " + report.missingManifests() + " missing or damaged" : ""));
        out.println(String.format(
                Locale.ROOT,
                "dedup      %.2f by bytes (%s of files in %s), %.2f by files (%d in %d)",
                ratio(report.manifestBytes(), report.uniqueBytes()),
                Output.size(report.manifestBytes()),
                Output.size(report.uniqueBytes()),
                ratio(report.manifestFiles(), report.uniqueFiles()),
                report.manifestFiles(),
                report.uniqueFiles()));
        out.println("farms      " + report.farms() + ", " + Output.size(report.farmBytes()) + " of their own (budget "
                + budget.count() + ", " + Output.size(budget.bytes()) + ")");
        out.println("leases     " + report.leases());
        out.println("resident   "
                + caller.process()
                        .resident()
                        .map(resident -> "process " + resident.status().pid())
                        .orElse("none"));
        out.flush();
    }

    private Map<String, Object> values(Store opened, Status.Report report, FarmBudget budget) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("store", opened.path().toString());
        store.tenant().ifPresent(tenant -> {
            values.put("tenant", tenant.text());
            values.put("host_id", opened.owner().uid());
        });
        values.put("blobs", report.blobs());
        values.put("twins", report.twins());
        values.put("bytes", report.bytes());
        values.put("manifests", report.manifests());
        values.put("missing_manifests", report.missingManifests());
        values.put("files", report.manifestFiles());
        values.put("file_bytes", report.manifestBytes());
        values.put("unique_files", report.uniqueFiles());
        values.put("unique_bytes", report.uniqueBytes());
        values.put("dedup_by_bytes", ratio(report.manifestBytes(), report.uniqueBytes()));
        values.put("dedup_by_files", ratio(report.manifestFiles(), report.uniqueFiles()));
        values.put("farms", report.farms());
        values.put("farm_bytes", report.farmBytes());
        values.put("farm_count_budget", budget.count());
        values.put("farm_bytes_budget", budget.bytes());
        values.put("leases", report.leases());
        values.put("resident", caller.process().resident().isPresent());
        return values;
    }
}
