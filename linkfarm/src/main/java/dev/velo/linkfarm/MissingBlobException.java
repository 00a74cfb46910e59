package dev.velo.linkfarm;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import java.util.List;

/** The store lacks contents that a manifest names. */
public final class MissingBlobException extends VeloException {
    private static final int NAMED = 10;

    MissingBlobException(String manifest, List<Manifest.Content> missing) {
        super(problem(manifest, missing), "ingest the tree again into this store, or name the store that has it");
    }

    private static String problem(String manifest, List<Manifest.Content> missing) {
        StringBuilder text = new StringBuilder("cannot use manifest " + manifest + ": the store lacks ");
        for (int i = 0; i < Math.min(NAMED, missing.size()); i++) {
            Manifest.Content content = missing.get(i);
            text.append(i == 0 ? "" : ", ")
                    .append(content.firstPath())
                    .append(" (")
                    .append(content.digest())
                    .append(')');
        }
        if (missing.size() > NAMED) {
            text.append(" and ").append(missing.size() - NAMED).append(" more");
        }
        return text.toString();
    }
}
