package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.collect.Collection;
import dev.velo.cas.collect.CollectionReport;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.cas.store.Sweep;
import dev.velo.linkfarm.FarmBudget;
import dev.velo.linkfarm.FarmPool;
import dev.velo.runner.Caller;
import dev.velo.runner.Installation;
import dev.velo.runner.NativeDisposal;
import java.io.IOException;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
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
        FarmBudget budget = store.farms();
        try (Store opened = store.open()) {
            NativeDisposal disposal = new NativeDisposal(Installation.ofThisProcess());
            CollectionReport report = new Collection(opened, grace, disposal).run(run);
            FarmPool.Evicted evicted = new FarmPool(opened).trim(budget, Set.copyOf(report.farms()), run);
            if (run && !evicted.names().isEmpty()) {
                new Sweep(opened).emptyTrash(disposal);
            }
            print(report, evicted);
            return 0;
        } catch (IOException e) {
            throw StoreException.of("cannot empty the trash of the store", e);
        }
    }

    private void print(CollectionReport report, FarmPool.Evicted evicted) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Output.json(out, values(report, evicted));
            return;
        }
        report.missingRoots().forEach(line -> out.println("missing    " + line));
        String verb = run ? "removed    " : "would go   ";
        out.println(verb + report.blobs() + " blobs, " + report.farms().size() + " farms, " + report.manifests()
                + " copies of manifests; " + Output.size(report.bytes()) + " of disk");
        if (!evicted.names().isEmpty()) {
            out.println(verb + evicted.names().size() + " farms beyond the budget; " + Output.size(evicted.bytes())
                    + " of disk");
        }
        out.println("kept       " + report.liveBlobs() + " blobs");
        if (!run
                && report.blobs()
                                + report.farms().size()
                                + report.manifests()
                                + evicted.names().size()
                        > 0) {
            out.println("Nothing was removed; velo gc --run removes it.");
        }
        out.flush();
    }

    private static Map<String, Object> values(CollectionReport report, FarmPool.Evicted evicted) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("removed", report.removed());
        values.put("blobs", report.blobs());
        values.put("bytes", report.bytes());
        values.put("farms", report.farms().size());
        values.put("evicted_farms", evicted.names().size());
        values.put("evicted_farm_bytes", evicted.bytes());
        values.put("manifests", report.manifests());
        values.put("live_blobs", report.liveBlobs());
        values.put("leases", report.leases());
        values.put("farms_milliseconds", report.farmsTook().toNanos() / 1e6);
        values.put("trash_milliseconds", report.trashTook().toNanos() / 1e6);
        values.put("missing_roots", report.missingRoots());
        return values;
    }
}
