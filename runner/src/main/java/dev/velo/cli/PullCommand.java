package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Store;
import dev.velo.runner.Caller;
import dev.velo.transfer.ManifestReference;
import dev.velo.transfer.Origin;
import dev.velo.transfer.Pull;
import dev.velo.transfer.TransferResult;
import dev.velo.transfer.archive.Archives;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A manifest and what it needs from somewhere else. */
@Command(
        name = "pull",
        mixinStandardHelpOptions = true,
        description = "Fetches a manifest and what it needs from a Remote Execution cache, or from an archive.")
final class PullCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Mixin
    private RemoteOptions remote;

    @Parameters(
            arity = "0..2",
            paramLabel = "REMOTE DIGEST",
            hideParamSyntax = true,
            description = "The server, and the manifest as velo push prints it: HEX/SIZE. With --archive only the"
                    + " latter, its size left out if you like, and only where the archive holds several manifests.")
    private List<String> arguments = new ArrayList<>();

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FILE",
            description = "The manifest to write.")
    private Path output;

    @Option(
            names = "--archive",
            paramLabel = "PATH",
            description = "Read this archive, a tar file or a directory, instead.")
    private Path archive;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    PullCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException, IOException {
        if (archive == null && arguments.size() != 2) {
            throw new ParameterException(spec.commandLine(), "name a REMOTE and a DIGEST, or an --archive");
        }
        if (archive != null && (arguments.size() > 1 || remote.isUsed())) {
            throw new ParameterException(
                    spec.commandLine(), "with --archive name at most a DIGEST; --header and --ca are for a REMOTE");
        }
        Optional<ManifestReference> wanted = reference();
        FileOps.system().raiseDescriptorLimit();
        long start = System.nanoTime();
        String from = archive == null ? arguments.get(0) : archive.toString();
        try (Origin origin =
                        archive == null ? remote.connect(spec, from, caller) : Archives.toRead(caller.path(archive));
                Store opened = store.openOrCreate()) {
            TransferResult result = new Pull(opened, origin, from).run(wanted, caller.path(output));
            TransferOutput.print(spec.commandLine().getOut(), result, json, System.nanoTime() - start);
        }
        return 0;
    }

    private Optional<ManifestReference> reference() {
        if (arguments.isEmpty()) {
            return Optional.empty();
        }
        String text = arguments.get(arguments.size() - 1);
        Optional<ManifestReference> parsed = ManifestReference.parse(text);
        if (parsed.isEmpty() || archive == null && parsed.get().size().isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "'" + text + "' is not a manifest's HEX/SIZE as velo push prints it");
        }
        return parsed;
    }
}
