package dev.velo.cli;

import dev.velo.cas.Progress;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.cas.verify.Finding;
import dev.velo.linkfarm.Farm;
import dev.velo.linkfarm.FarmAudit;
import dev.velo.linkfarm.FarmBudget;
import dev.velo.linkfarm.FarmPool;
import dev.velo.linkfarm.LinkFarm;
import dev.velo.linkfarm.Placement;
import dev.velo.runner.Caller;
import dev.velo.runner.Installation;
import dev.velo.runner.MountedLayers;
import dev.velo.runner.NativeDisposal;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Farms before their first run. */
@Command(
        name = "warm",
        mixinStandardHelpOptions = true,
        description = "Makes manifests ready to run: builds their trees in the store where they are not there.")
final class WarmCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Parameters(arity = "1..*", paramLabel = "M", description = "Manifests.")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--placement", paramLabel = "P", description = "As for run.")
    private String placement = PlacementOption.AUTO;

    @Option(
            names = "--check",
            description =
                    "Compare a tree that is there with its manifest, by names, inodes, modes, times and sizes, and build it anew where it differs.")
    private boolean check;

    @Option(
            names = "--deep",
            description =
                    "With --check: also by attributes and contents, but for files that are the store's own, which velo verify reads.")
    private boolean deep;

    @Option(names = "--json", description = "Print one JSON object a manifest.")
    private boolean json;

    WarmCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException, IOException {
        if (deep && !check) {
            throw new ParameterException(spec.commandLine(), "--deep goes with --check");
        }
        Optional<Placement> wanted = PlacementOption.parse(spec, placement);
        FarmBudget budget = store.farms();
        FileOps.system().raiseDescriptorLimit();
        int status = 0;
        try (Store opened = store.open()) {
            List<String> ready = new ArrayList<>();
            for (Path file : files) {
                try {
                    ready.add(warm(opened, caller.path(file), wanted));
                } catch (VeloException e) {
                    // The others are not worse for it.
                    CommandLineSession.say(spec.commandLine().getErr(), e.getMessage());
                    status = 1;
                }
            }
            trim(opened, budget, ready);
        }
        return status;
    }

    /** @return the name of the farm's directory */
    private String warm(Store opened, UserPath file, Optional<Placement> wanted) throws VeloException {
        Manifest manifest = Manifest.open(file);
        // Before this command's own lease, which would keep a farm that is wrong.
        long start = System.nanoTime();
        List<Finding> findings = check ? checked(opened, file, manifest, wanted) : List.of();
        long checkTook = System.nanoTime() - start;
        Lease lease = opened.leases().take(Lease.Kind.RUN, List.of(manifest.digest()));
        try {
            opened.roots().registerRead(ManifestFile.place(file), manifest.digest(), manifest::toBytes);
            Farm farm = farm(opened, manifest, wanted);
            if (!findings.isEmpty()) {
                refuseStill(opened, file, manifest, farm);
            }
            print(file, manifest, farm, new Checked(findings, checkTook));
            return farm.name();
        } finally {
            lease.close();
        }
    }

    private Farm farm(Store opened, Manifest manifest, Optional<Placement> wanted) throws VeloException {
        Progress progress = new Progress();
        ProgressLine display = ProgressLine.start("warm", progress, caller);
        try {
            return new LinkFarm(opened, new MountedLayers(Installation.ofThisProcess())).of(manifest, wanted, progress);
        } finally {
            display.close();
        }
    }

    private List<Finding> checked(Store opened, UserPath file, Manifest manifest, Optional<Placement> wanted)
            throws VeloException {
        FarmAudit.Depth depth = deep ? FarmAudit.Depth.DEEP : FarmAudit.Depth.QUICK;
        List<Finding> findings = new FarmAudit(opened).one(manifest, wanted, depth, true);
        for (Finding finding : findings) {
            CommandLineSession.say(
                    spec.commandLine().getErr(), "warning: the tree of " + file + " differs: " + finding.detail());
        }
        if (findings.stream().anyMatch(finding -> !finding.repaired())) {
            throw new VeloException(
                    "cannot build the tree of " + file + " anew: a sandbox uses the one that is there",
                    "run it again when that has ended");
        }
        return findings;
    }

    /** A hard link has the mode and time of the store's own file. */
    private static void refuseStill(Store opened, UserPath file, Manifest manifest, Farm farm) throws VeloException {
        List<Finding> left =
                new FarmAudit(opened).one(manifest, Optional.of(farm.placement()), FarmAudit.Depth.QUICK, false);
        if (!left.isEmpty()) {
            throw new VeloException(
                    "cannot mend the tree of " + file + ": " + left.get(0).detail()
                            + " in the one that was built anew, too, so it is the store's own file that is wrong",
                    "run velo verify --repair");
        }
    }

    private record Checked(List<Finding> findings, long nanos) {}

    private void print(UserPath file, Manifest manifest, Farm farm, Checked checked) {
        PrintWriter out = spec.commandLine().getOut();
        String state = !checked.findings().isEmpty() ? "rebuilt" : farm.built() ? "built" : "there";
        double millis = farm.took().toNanos() / 1e6;
        if (!json) {
            out.println(String.format("%-10s ", state) + farm.entries() + " entries by "
                    + farm.placement().label() + " in " + Math.round(millis) + " ms: " + file);
            out.flush();
            return;
        }
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("file", file.toString());
        values.put("manifest", manifest.digest().toHex());
        values.put("state", state);
        values.put("placement", farm.placement().label());
        values.put("entries", farm.entries());
        values.put("milliseconds", millis);
        values.put("check_milliseconds", check ? checked.nanos() / 1e6 : null);
        values.put("findings", checked.findings());
        Output.json(out, values);
    }

    private void trim(Store opened, FarmBudget budget, List<String> ready) throws VeloException {
        List<String> evicted = new FarmPool(opened).trim(budget).names();
        long lost = ready.stream().filter(evicted::contains).count();
        if (lost > 0) {
            CommandLineSession.say(
                    spec.commandLine().getErr(),
                    "warning: " + lost + " of these trees are gone again: a store keeps " + budget.count()
                            + " trees and " + Output.size(budget.bytes())
                            + "; raise farms.count or farms.size in config.yaml");
        }
        new NativeDisposal(Installation.ofThisProcess()).later(opened);
    }
}
