package dev.velo.cli;

import dev.velo.cas.Digest;
import dev.velo.cas.VeloException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Store;
import dev.velo.runner.Caller;
import dev.velo.runner.Finish;
import dev.velo.runner.FinishRequest;
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
import picocli.CommandLine.Spec;

/** What the launcher calls when a run with --output or --changes has ended. */
@Command(
        name = "finish",
        hidden = true,
        description = "Captures the changes of a run that has ended; called by velo run.")
final class FinishCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Option(names = "--run", required = true, paramLabel = "NAME", description = "The run.")
    private String run;

    @Option(names = "--layer", required = true, paramLabel = "DIGEST", description = "A manifest, bottom to top.")
    private List<String> layers = new ArrayList<>();

    @Option(names = "--session", description = "The run had no sandbox.")
    private boolean session;

    @Option(names = "--skeleton", paramLabel = "DIR", description = "The run's topmost layer, of one in a sandbox.")
    private String skeleton;

    @Option(names = "--exact", description = "The files showed the manifests' own modes and times.")
    private boolean exact;

    @Option(
            names = "--upper",
            paramLabel = "DIR",
            description =
                    "What the program wrote, where the store's file system could not hold it; named by the launcher.")
    private String upper;

    @Option(names = "--output", paramLabel = "FILE", description = "As for run.")
    private Path output;

    @Option(names = "--changes", paramLabel = "FILE|-", description = "As for run.")
    private String changes;

    FinishCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException, IOException {
        if (session == (skeleton != null)) {
            throw new ParameterException(spec.commandLine(), "name one of --session and --skeleton");
        }
        FileOps.system().raiseDescriptorLimit();
        try (Store opened = store.open()) {
            new Finish(opened, caller)
                    .run(new FinishRequest(
                            run,
                            layers.stream().map(Digest::fromHex).toList(),
                            session
                                    ? Optional.empty()
                                    : Optional.of(
                                            new FinishRequest.Overlay(skeleton, exact, Optional.ofNullable(upper))),
                            caller.optional(output),
                            Optional.ofNullable(changes)));
        }
        return 0;
    }
}
