package dev.velo.linkfarm;

import dev.velo.cas.VeloException;
import java.nio.file.Path;
import java.util.Optional;

/** Finds by mounting whether metadata layers work, which this module cannot do itself. */
public interface LayerProbe {
    /**
     * Tries it.
     *
     * @param directory empty, on the store's file system, owned by the store's owner; what is left in it is removed by the caller
     * @return empty where metadata layers work, else why not
     */
    Optional<String> refusal(Path directory) throws VeloException;
}
