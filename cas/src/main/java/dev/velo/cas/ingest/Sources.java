package dev.velo.cas.ingest;

import dev.velo.cas.store.Staging;
import dev.velo.cas.store.Store;

/** What each worker thread reads files with: one intake a thread, since its buffer is large. */
final class Sources {
    private final ThreadLocal<FileIntake> intakes;

    Sources(Store store, Staging staging, KnownFiles known) {
        intakes = ThreadLocal.withInitial(() -> new FileIntake(store.files(), staging, known));
    }

    FileIntake intake() {
        return intakes.get();
    }
}
