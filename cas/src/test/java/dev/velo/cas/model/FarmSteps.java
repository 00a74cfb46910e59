package dev.velo.cas.model;

import dev.velo.cas.Digest;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.OpenStores;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreContents;
import dev.velo.cas.store.Sweep;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** What happens to farms, which are not this module's: only how they come and go. */
final class FarmSteps {
    private static final byte[] BUILDING = bytes("farm");

    private FarmSteps() {}

    /**
     * As a run takes its farm: where there is none it is built in the lease's directory, its marker last, and then it gets its name in one step.
     *
     * @return its name
     */
    static String take(Store store, Process process, Lease lease, Manifest manifest) throws IOException {
        String name = manifest.digest() + "-hardlink";
        byte[] target = bytes("farms/" + name);
        FileOps files = process.ops();
        if (files.statusIfPresent(store.root(), target).isPresent()) {
            process.note("takes its farm");
            return name;
        }
        files.makeDirectory(lease.directory(), BUILDING, 0700);
        try (Descriptor farm = files.openDirectory(lease.directory(), BUILDING)) {
            files.createFile(farm.number(), bytes("complete"), 0400).close();
        }
        try {
            files.renameNew(lease.directory(), BUILDING, store.root(), target);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
        return name;
    }

    /** All that nobody uses goes: the hardest of budgets. */
    static void evict(Path path, Process process) throws VeloException, IOException {
        try (Store store = OpenStores.open(path, process.ops())) {
            process.note("evicts");
            for (String farm : new StoreContents(store).farms()) {
                Digest manifest = Digest.fromHex(farm.substring(0, farm.indexOf('-')));
                new Sweep(store).idleFarm(farm, manifest, () -> true, true);
            }
        }
        process.note("done");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
