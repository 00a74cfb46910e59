package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.store.Store;
import java.util.ArrayList;
import java.util.List;

/**
 * The manifests of a run, read.
 *
 * @param files bottom to top, as the user named them
 * @param manifests in the same order
 * @param bases how many of them are bases
 */
record RequestedManifests(List<UserPath> files, List<Manifest> manifests, int bases) {
    static RequestedManifests open(RunRequest request, CallerProcess process) throws VeloException {
        List<UserPath> files = request.layers();
        List<Manifest> manifests = new ArrayList<>();
        for (UserPath file : files) {
            manifests.add(process.open(file));
        }
        return new RequestedManifests(files, manifests, request.bases().size());
    }

    List<Digest> digests() {
        return manifests.stream().map(Manifest::digest).toList();
    }

    List<Manifest> ofBases() {
        return manifests.subList(0, bases);
    }

    List<Manifest> aboveBases() {
        return manifests.subList(bases, manifests.size());
    }

    /** The store keeps a copy of each. Call it under a lease that names them. */
    void register(Store store) throws VeloException {
        for (int i = 0; i < files.size(); i++) {
            Manifest manifest = manifests.get(i);
            store.roots().registerRead(ManifestFile.place(files.get(i)), manifest.digest(), manifest::toBytes);
        }
    }
}
