package dev.velo.cas.verify;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Protections;
import dev.velo.cas.store.Roots;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Blobs of protected manifests that do not carry the immutable flag: it was cleared by hand, or its setting was interrupted. */
final class ProtectionCheck {
    private final Store store;
    private final Protections protections;
    private final boolean repair;

    ProtectionCheck(Store store, boolean repair) {
        this.store = store;
        this.protections = store.protections();
        this.repair = repair;
    }

    List<Finding> findings() throws IOException, StoreException {
        List<Finding> findings = new ArrayList<>();
        Set<Digest> seen = new HashSet<>();
        for (Roots.Root root : protections.list()) {
            Optional<byte[]> copy = store.roots().copyOf(root.manifest());
            if (copy.isEmpty()) {
                continue;
            }
            try {
                for (Manifest.Content content :
                        Manifest.fromBytes(copy.get(), root.manifest().toHex()).contents()) {
                    if (seen.add(content.digest())) {
                        check(content.digest(), root, findings);
                    }
                }
            } catch (ManifestException e) {
                // The check of the copies names it.
                continue;
            }
        }
        return findings;
    }

    private void check(Digest digest, Roots.Root root, List<Finding> findings) throws IOException {
        for (BlobStore.Form form : BlobStore.Form.values()) {
            byte[] name = BlobStore.nameOf(digest, form);
            try {
                if (!protections.isSet(name)) {
                    findings.add(new Finding(
                            "lost-protection",
                            digest.toHex(),
                            "not immutable although " + root.file() + " is protected; protect it again",
                            repair && restored(name)));
                }
            } catch (ErrnoException e) {
                // A form that is not there; a missing blob is named elsewhere.
                if (!e.is(Errno.ENOENT) && !e.is(Errno.EACCES)) {
                    throw e;
                }
            }
        }
    }

    private boolean restored(byte[] name) throws IOException {
        try {
            protections.restore(name);
            return true;
        } catch (ErrnoException e) {
            return false;
        }
    }
}
