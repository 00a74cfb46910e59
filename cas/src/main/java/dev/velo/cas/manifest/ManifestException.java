package dev.velo.cas.manifest;

import dev.velo.cas.VeloException;

/** A manifest file that cannot be used: missing, damaged, hostile or of another version. Names the file and the place in it. */
public final class ManifestException extends VeloException {
    public ManifestException(String problem, String remedy) {
        super(problem, remedy);
    }

    public ManifestException(String problem, String remedy, Throwable cause) {
        super(problem, remedy, cause);
    }
}
