package dev.velo.cli;

import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.EntryType;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.linkfarm.Farm;
import dev.velo.linkfarm.LinkFarm;
import dev.velo.linkfarm.Placement;
import dev.velo.runner.Caller;
import dev.velo.runner.Installation;
import dev.velo.runner.MountedLayers;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
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
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Builds farms; for measurements. */
@Command(name = "farm", hidden = true, description = "Builds the farms of manifests and says how long that took.")
final class FarmCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Parameters(
            arity = "0..*",
            paramLabel = "M",
            description =
                    "Manifests. With none, their names are read from standard input, one a line, and each is answered at once.")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--placement", paramLabel = "P", description = "As for run.")
    private String placement = PlacementOption.AUTO;

    @Option(names = "--json", description = "Print one JSON object a manifest.")
    private boolean json;

    FarmCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException, IOException {
        Optional<Placement> wanted = PlacementOption.parse(spec, placement);
        FileOps.system().raiseDescriptorLimit();
        try (Store opened = store.open()) {
            for (Path file : files) {
                build(opened, caller.path(file), wanted);
            }
            if (files.isEmpty()) {
                BufferedReader names = new BufferedReader(
                        new InputStreamReader(caller.streams().in(), StandardCharsets.UTF_8));
                for (String name = names.readLine(); name != null; name = names.readLine()) {
                    build(opened, path(name), wanted);
                }
            }
        }
        return 0;
    }

    private UserPath path(String name) throws VeloException {
        try {
            return caller.path(name);
        } catch (InvalidPathException e) {
            throw new VeloException("cannot open manifest: a file name holds no NUL", "write one name a line");
        }
    }

    private void build(Store opened, UserPath file, Optional<Placement> wanted) throws VeloException, IOException {
        Manifest manifest = Manifest.open(file);
        Lease lease = opened.leases().take(Lease.Kind.RUN, List.of(manifest.digest()));
        try {
            opened.roots().registerRead(ManifestFile.place(file), manifest.digest(), manifest::toBytes);
            Farm farm = new LinkFarm(opened, new MountedLayers(Installation.ofThisProcess())).of(manifest, wanted);
            print(farm, manifest.count(EntryType.FILE));
        } finally {
            lease.close();
        }
    }

    private void print(Farm farm, long files) {
        double millis = farm.took().toNanos() / 1e6;
        if (json) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("built", farm.built());
            values.put("placement", farm.placement().label());
            values.put("entries", farm.entries());
            values.put("links", files);
            values.put("milliseconds", millis);
            Output.json(spec.commandLine().getOut(), values);
        } else {
            spec.commandLine()
                    .getOut()
                    .println((farm.built() ? "built      " : "there      ") + farm.entries() + " entries by "
                            + farm.placement().label() + " in " + Math.round(millis) + " ms");
            spec.commandLine().getOut().flush();
        }
    }
}
