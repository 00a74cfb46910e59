package dev.velo.cas.collect;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.store.BlobStore;
import java.util.HashSet;
import java.util.Set;

/** What is needed: exact sets, since a sieve that errs even rarely keeps garbage for ever. */
final class LiveSet {
    private final Set<Digest> manifests = new HashSet<>();
    private final Set<Digest> blobs = new HashSet<>();
    private final Set<Digest> twins = new HashSet<>();

    /** Adds a manifest and all that it names. */
    void add(Manifest manifest) {
        if (!manifests.add(manifest.digest())) {
            return;
        }
        for (Manifest.Content content : manifest.contents()) {
            blobs.add(content.digest());
            if (content.executable()) {
                twins.add(content.digest());
            }
        }
    }

    boolean hasManifest(Digest digest) {
        return manifests.contains(digest);
    }

    boolean has(Digest digest, BlobStore.Form form) {
        return (form == BlobStore.Form.PLAIN ? blobs : twins).contains(digest);
    }
}
