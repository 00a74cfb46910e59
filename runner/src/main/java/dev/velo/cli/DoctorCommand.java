package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.linkfarm.FilesystemProbe;
import dev.velo.namespaces.LaunchException;
import dev.velo.namespaces.exec.Launcher;
import dev.velo.runner.Installation;
import dev.velo.runner.MountedLayers;
import dev.velo.runner.TenantStore;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
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
    /** One capability. The reason and the fix are empty where it is there. */
    private record Check(String name, boolean needed, boolean ok, String reason, String fix) {}

    @Spec
    private CommandSpec spec;

    @Mixin
    private StoreOption store;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    @Override
    public Integer call() throws VeloException, LaunchException, IOException {
        List<Check> checks = new ArrayList<>();
        for (String line : new Launcher(Installation.ofThisProcess().launcher()).probe()) {
            checks.add(launcherCheck(line));
        }
        try (Store opened = store.openOrCreate();
                Lease lease = opened.leases().take(Lease.Kind.FARM, List.of())) {
            FilesystemProbe.Abilities abilities = new FilesystemProbe(opened.files()).probe(lease.directory());
            checks.add(new Check(
                    "store-hard-links",
                    false,
                    abilities.links(),
                    abilities.links() ? "" : "the file system of " + opened.path() + " has no hard links",
                    abilities.links() ? "" : "keep the store on ext4, xfs or btrfs; farms are copied until then"));
            checks.add(new Check(
                    "store-reflinks",
                    false,
                    abilities.clones(),
                    abilities.clones() ? "" : "the file system of " + opened.path() + " cannot share blocks",
                    abilities.clones() ? "" : "keep the store on xfs or btrfs to save space for executables"));
            checks.add(layers(opened, lease));
            checks.add(tenants());
        }
        print(checks);
        return checks.stream().allMatch(check -> check.ok() || !check.needed()) ? 0 : 1;
    }

    private static Check layers(Store store, Lease lease) throws IOException {
        String name = "probe-layers";
        store.files().makeDirectory(lease.directory(), name.getBytes(StandardCharsets.US_ASCII), 0700);
        Path place = lease.path().resolve(name);
        String refusal =
                new MountedLayers(Installation.ofThisProcess()).refusal(place).orElse("");
        return new Check(
                "store-metadata",
                false,
                refusal.isEmpty(),
                refusal,
                refusal.isEmpty()
                        ? ""
                        : "use Linux 6.16 or newer and a store on ext4, xfs, btrfs or tmpfs for --placement metadata");
    }

    private Check tenants() {
        String refusal = TenantStore.refusal(store.tenantIds(), System.getenv()).orElse("");
        return new Check(
                "tenant-ids",
                false,
                refusal.isEmpty(),
                refusal,
                refusal.isEmpty()
                        ? ""
                        : "have ids lent to you (usermod --add-subuids, --add-subgids; newuidmap), or run velo as root;"
                                + " until then your tenants are kept apart by their stores and namespaces alone");
    }

    private static Check launcherCheck(String line) throws IOException {
        String[] words = line.split(" ", 2);
        boolean ok = words.length > 1 && words[1].equals("ok");
        if (ok) {
            return new Check(words[0], true, true, "", "");
        }
        String reason = words.length > 1 ? words[1].replaceFirst("^[0-9]+ ", "") : "unknown";
        return new Check(words[0], true, false, reason, fix(words[0]));
    }

    private static String fix(String name) throws IOException {
        if (name.endsWith("-namespace")) {
            if ("0".equals(sysctl("user/max_user_namespaces"))) {
                return "as root: sysctl user.max_user_namespaces=10000";
            }
            if ("0".equals(sysctl("kernel/unprivileged_userns_clone"))) {
                return "as root: sysctl kernel.unprivileged_userns_clone=1";
            }
            if ("1".equals(sysctl("kernel/apparmor_restrict_unprivileged_userns"))) {
                return "as root: sysctl kernel.apparmor_restrict_unprivileged_userns=0";
            }
            return "allow namespaces in the outer container's system call filter, or run velo outside of it";
        }
        if (name.equals("overlay")) {
            return "use Linux 6.8 or newer with overlayfs (modprobe overlay)";
        }
        return "run velo where /proc is not masked by an outer container";
    }

    private static String sysctl(String name) throws IOException {
        Path path = Path.of("/proc/sys", name);
        return Files.exists(path) ? Files.readString(path).trim() : "";
    }

    private void print(List<Check> checks) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Output.json(out, Map.of("checks", checks));
            return;
        }
        for (Check check : checks) {
            String verdict = check.ok() ? "yes" : check.needed() ? "NO" : "no";
            out.println(String.format("%-20s %-4s%s", check.name(), verdict, check.ok() ? "" : check.reason()));
            if (!check.ok()) {
                out.println("                     -> " + check.fix());
            }
        }
        out.flush();
    }
}
