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

    /**
     * @param what the place and what is wrong there: "entry 3 at byte 416: name '..'"
     */
    static ManifestException damaged(String name, String what) {
        return new ManifestException(
                "cannot read manifest " + name + ": " + what, "fetch the manifest again or ingest the tree again");
    }
}
