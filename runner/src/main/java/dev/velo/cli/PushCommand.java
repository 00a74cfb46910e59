package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Store;
import dev.velo.runner.Caller;
import dev.velo.transfer.Destination;
import dev.velo.transfer.Push;
import dev.velo.transfer.TransferResult;
import dev.velo.transfer.archive.Archives;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A manifest and what it needs to somewhere else. */
@Command(
        name = "push",
        mixinStandardHelpOptions = true,
        description = "Sends a manifest and what it needs to a Remote Execution cache, or into an archive.")
final class PushCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Mixin
    private RemoteOptions remote;

    @Parameters(index = "0", paramLabel = "M", description = "The manifest.")
    private Path file;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "REMOTE",
            description = "The server: grpc://HOST:PORT[/INSTANCE], or grpcs:// with TLS.")
    private String address;

    @Option(
            names = "--archive",
            paramLabel = "PATH",
            description =
                    "Write an archive instead: a file where the name ends in .tar, else a directory, which may hold several.")
    private Path archive;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    PushCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException, IOException {
        if ((address == null) == (archive == null)) {
            throw new ParameterException(spec.commandLine(), "name either a REMOTE or an --archive");
        }
        if (archive != null && remote.isUsed()) {
            throw new ParameterException(spec.commandLine(), "--header and --ca are for a REMOTE");
        }
        FileOps.system().raiseDescriptorLimit();
        long start = System.nanoTime();
        Manifest manifest = Manifest.open(caller.path(file));
        try (Store opened = store.open();
                Destination to = archive == null
                        ? remote.connect(spec, address, caller)
                        : Archives.toWrite(caller.path(archive), caller.files())) {
            TransferResult result =
                    new Push(opened, to, archive == null ? address : archive.toString()).run(manifest, file.toString());
            TransferOutput.print(spec.commandLine().getOut(), result, json, System.nanoTime() - start);
        }
        return 0;
    }
}
