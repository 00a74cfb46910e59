package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.Store;
import dev.velo.runner.Installation;
import dev.velo.runner.NativeDisposal;
import dev.velo.runner.StoreLocation;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The option by which every command names the store. */
final class StoreOption {
    @Option(
            names = "--store",
            paramLabel = "DIR",
            description =
                    "The store (default: VR_THE_SOURCE, config.yaml, or velo/store in the user's data directory).")
    private Path store;

    Path path() throws VeloException {
        return new StoreLocation(System.getenv()).resolve(Optional.ofNullable(store));
    }

    /** A store that must exist. */
    Store open() throws VeloException {
        return tidied(Store.open(path()));
    }

    Store openOrCreate() throws VeloException {
        return tidied(Store.openOrCreate(path()));
    }

    /** Opening has cleaned up after processes that died, but for what would have taken long. */
    private static Store tidied(Store store) {
        new NativeDisposal(Installation.ofThisProcess()).later(store);
        return store;
    }
}
