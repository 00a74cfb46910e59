package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreOwner;
import dev.velo.linkfarm.FilesystemProbe;
import dev.velo.namespaces.HostCapability;
import dev.velo.namespaces.LaunchException;
import dev.velo.namespaces.exec.Launcher;
import dev.velo.runner.Caller;
import dev.velo.runner.Installation;
import dev.velo.runner.TenantStore;
import dev.velo.shim.ShimLibrary;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    DoctorCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws LaunchException, IOException {
        List<HostCapability> capabilities =
                capabilities(new Launcher(Installation.ofThisProcess().launcher()));
        print(capabilities);
        return capabilities.stream().allMatch(capability -> capability.ok() || !capability.needed()) ? 0 : 1;
    }

    private List<HostCapability> capabilities(Launcher launcher) throws LaunchException, IOException {
        try (Store opened = store.openOrCreate();
                Lease lease = opened.leases().take(Lease.Kind.FARM, List.of())) {
            StoreOwner owner = opened.owner();
            List<HostCapability> capabilities = new ArrayList<>(launcher.probe(owner.uid(), owner.gid()));
            capabilities.add(HostCapability.present("store", true));
            capabilities.addAll(ofStore(launcher, opened, lease));
            capabilities.add(preloadLibrary(launcher));
            capabilities.add(tenants(launcher));
            return capabilities;
        } catch (VeloException e) {
            // The host can be told of all the same.
            StoreOwner owner = StoreOwner.ofNewStores();
            List<HostCapability> capabilities = new ArrayList<>(launcher.probe(owner.uid(), owner.gid()));
            capabilities.add(launcher.refusal("store", true, "store-unusable", e.problem(), e.remedy()));
            return capabilities;
        }
    }

    private HostCapability preloadLibrary(Launcher launcher) throws LaunchException {
        String name = "preload-library";
        Installation installation = Installation.ofThisProcess();
        try {
            ShimLibrary library = ShimLibrary.find(
                    caller.environment().text(ShimLibrary.VARIABLE), caller.directory(), installation.home());
            if (library.isTaken(installation.enter())) {
                return HostCapability.present(name, false);
            }
            String reason = "the dynamic linker of this host does not take " + library.file();
            return launcher.refusal(name, false, "shim-library", reason, "install velo again, all of its directories");
        } catch (VeloException e) {
            return launcher.refusal(name, false, "shim-library", e.problem(), e.remedy());
        } catch (IOException e) {
            String reason = "it cannot be tried: " + e.getMessage();
            return launcher.refusal(name, false, "shim-library", reason, "install velo again, all of its directories");
        }
    }

    private HostCapability tenants(Launcher launcher) throws LaunchException {
        Optional<String> refusal =
                TenantStore.refusal(store.tenantIds(), caller.environment().texts());
        return refusal.isEmpty()
                ? HostCapability.present("tenant-ids", false)
                : launcher.refusal("tenant-ids", false, "tenant-ids", refusal.get(), "");
    }

    private static List<HostCapability> ofStore(Launcher launcher, Store store, Lease lease)
            throws LaunchException, IOException {
        FilesystemProbe.Abilities abilities = new FilesystemProbe(store.files()).probe(lease.directory());
        String name = "probe-layers";
        store.files().makeDirectory(lease.directory(), name.getBytes(StandardCharsets.US_ASCII), 0700);
        return List.of(
                ofStore(launcher, store, "store-hard-links", abilities.links(), "store-links"),
                ofStore(launcher, store, "store-reflinks", abilities.clones(), "store-reflinks"),
                launcher.probeMetadata(lease.path().resolve(name)));
    }

    private static HostCapability ofStore(Launcher launcher, Store store, String name, boolean ok, String type)
            throws LaunchException {
        return ok
                ? HostCapability.present(name, false)
                : launcher.refusal(name, false, type, store.path().toString(), "");
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
