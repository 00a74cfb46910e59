package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.linkfarm.FilesystemProbe;
import dev.velo.namespaces.HostCapability;
import dev.velo.namespaces.LaunchException;
import dev.velo.namespaces.exec.Launcher;
import dev.velo.runner.Installation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What this host can do. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Tells what this host can do, why where it cannot, and what to do about it.")
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private StoreOption store;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws VeloException, LaunchException, IOException {
        Launcher launcher = new Launcher(Installation.ofThisProcess().launcher());
        List<HostCapability> capabilities = new ArrayList<>(launcher.probe());
        try (Store opened = store.openOrCreate();
                Lease lease = opened.leases().take(Lease.Kind.FARM, List.of())) {
            FilesystemProbe.Abilities abilities = new FilesystemProbe(opened.files()).probe(lease.directory());
            String place = opened.path().toString();
            capabilities.add(
                    abilities.links()
                            ? HostCapability.present("store-hard-links")
                            : launcher.refusal("store-hard-links", "store-links", place));
            capabilities.add(
                    abilities.clones()
                            ? HostCapability.present("store-reflinks")
                            : launcher.refusal("store-reflinks", "store-reflinks", place));
            String name = "probe-layers";
            opened.files().makeDirectory(lease.directory(), name.getBytes(StandardCharsets.US_ASCII), 0700);
            capabilities.add(launcher.probeMetadata(lease.path().resolve(name)));
        }
        print(capabilities);
        return capabilities.stream().allMatch(capability -> capability.ok() || !capability.needed()) ? 0 : 1;
    }

    private void print(List<HostCapability> capabilities) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Output.json(out, Map.of("checks", capabilities));
            return;
        }
        for (HostCapability capability : capabilities) {
            String verdict = capability.ok() ? "yes" : capability.needed() ? "NO" : "no";
            String rest = capability.ok() ? capability.detail() : capability.reason() + " (" + capability.type() + ")";
            out.println(String.format("%-20s %-4s%s", capability.name(), verdict, rest)
                    .stripTrailing());
            if (!capability.ok()) {
                out.println("                     -> " + capability.fix());
            }
        }
        out.flush();
    }
}
