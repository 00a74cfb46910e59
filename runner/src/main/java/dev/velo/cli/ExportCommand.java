package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Store;
import dev.velo.linkfarm.Export;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A manifest back as a tree. */
@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description = "Writes the tree of a manifest as ordinary files, with modes and times.")
final class ExportCommand implements Callable<Integer> {
    @Mixin
    private StoreOption store;

    @Parameters(index = "0", paramLabel = "M", description = "The manifest.")
    private Path file;

    @Parameters(index = "1", paramLabel = "DIR", description = "An empty directory, or one that does not exist yet.")
    private Path target;

    @Override
    public Integer call() throws VeloException, IOException {
        FileOps.system().raiseDescriptorLimit();
        Manifest manifest = Manifest.open(file);
        try (Store opened = store.open()) {
            new Export(opened).write(manifest, target);
        }
        return 0;
    }
}
