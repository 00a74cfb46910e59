package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Store;
import dev.velo.linkfarm.Export;
import dev.velo.runner.Caller;
import dev.velo.runner.CallerProcess;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A manifest back as a tree. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = "Writes the tree of a manifest as ordinary files, with modes and times.")
final class ExportCommand implements Callable<Integer> {
    private static final long PATIENCE_SECONDS = 60;

    private final Caller caller;

    @Mixin
    private final StoreOption store;

    @Parameters(index = "0", paramLabel = "M", description = "The manifest.")
    private Path file;

    @Parameters(index = "1", paramLabel = "DIR", description = "An empty directory, or one that does not exist yet.")
    private Path target;

    ExportCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException, IOException {
        FileOps.system().raiseDescriptorLimit();
        Manifest manifest = Manifest.open(caller.path(file));
        try (Store opened = store.open()) {
            Export export = new Export(opened);
            CountDownLatch ended = new CountDownLatch(1);
            CallerProcess.Registration end = caller.process().whenEnded(() -> interrupt(export, ended));
            try {
                export.write(manifest, caller.path(target));
            } finally {
                ended.countDown();
                end.close();
            }
        }
        return 0;
    }

    /** The caller's process ends when this has ended: not before the half tree is gone. */
    private static void interrupt(Export export, CountDownLatch ended) {
        export.cancel();
        try {
            ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
