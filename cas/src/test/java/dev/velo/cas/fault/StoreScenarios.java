package dev.velo.cas.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import dev.velo.cas.collect.Collection;
import dev.velo.cas.ingest.IngestResult;
import dev.velo.cas.ingest.InlineIngestion;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.OpenStores;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.Twins;
import dev.velo.cas.verify.Verification;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The operations of the store, each on a store that holds something already. */
public final class StoreScenarios {
    private static final Digest DAMAGED = Digest.of("#!/bin/sh\n".getBytes(StandardCharsets.UTF_8));
    private static final Digest SHARED = Digest.of("shared by all\n".getBytes(StandardCharsets.UTF_8));

    private final Sources sources;

    public StoreScenarios(Sources sources) {
        this.sources = sources;
    }

    public static Path store(Path directory) {
        return directory.resolve("store");
    }

    public static void ingest(Store store, Path source, Path output) throws Exception {
        IngestResult result = InlineIngestion.run(store, source, output);
        if (result.manifest() == null) {
            throw new IOException("faults: " + result.faults());
        }
    }

    /** A scenario on a store with two manifests, {@code kept.velo} and {@code out.velo}. */
    public abstract class OnStore implements Scenario {
        @Override
        public void prepare(Path directory) throws Exception {
            try (Store store = Store.openOrCreate(store(directory))) {
                ingest(store, sources.kept(), directory.resolve("kept.velo"));
                ingest(store, sources.old(), directory.resolve("out.velo"));
                prepare(directory, store);
            }
        }

        void prepare(Path directory, Store store) throws Exception {}

        @Override
        public void act(Path directory, FileOps files) throws Exception {
            try (Store store = OpenStores.openOrCreate(store(directory), files)) {
                act(directory, store);
            }
        }

        abstract void act(Path directory, Store store) throws Exception;

        @Override
        public void check(Path directory, boolean done) throws Exception {
            try (Store store = Store.open(store(directory))) {
                Sound.store(store);
                Sound.manifest(store, directory.resolve("kept.velo"));
                check(directory, store, done);
                new Collection(store, Duration.ZERO).run(true);
                Sound.manifest(store, directory.resolve("kept.velo"));
                check(directory, store, done);
            }
        }

        void check(Path directory, Store store, boolean done) throws Exception {
            Sound.manifest(store, directory.resolve("out.velo"));
        }
    }

    public Scenario creation() {
        return new Scenario() {
            @Override
            public void prepare(Path directory) {}

            @Override
            public void act(Path directory, FileOps files) throws Exception {
                OpenStores.openOrCreate(store(directory), files).close();
            }

            @Override
            public void check(Path directory, boolean done) throws Exception {
                if (done) {
                    Store.open(store(directory)).close();
                }
                try (Store store = Store.openOrCreate(store(directory))) {
                    Sound.store(store);
                    ingest(store, sources.old(), directory.resolve("out.velo"));
                    Sound.manifest(store, directory.resolve("out.velo"));
                }
            }
        };
    }

    public Scenario ingestion() {
        return new OnStore() {
            @Override
            void act(Path directory, Store store) throws Exception {
                ingest(store, sources.fresh(), directory.resolve("out.velo"));
            }

            @Override
            void check(Path directory, Store store, boolean done) throws Exception {
                Manifest out = Manifest.open(directory.resolve("out.velo"));
                Sound.contents(store, out);
                boolean fresh = out.entryCount() > 6;
                if (done) {
                    assertThat(fresh).isTrue();
                    Sound.manifest(store, directory.resolve("out.velo"));
                    Sound.noLeftovers(directory);
                    assertThat(Files.readAllBytes(directory.resolve("out.velo")))
                            .isEqualTo(reference());
                }
            }
        };
    }

    private byte[] reference;

    /** What the tree gives in another store. */
    private byte[] reference() throws Exception {
        if (reference == null) {
            Path other = Scratch.make();
            try (Store store = Store.openOrCreate(store(other))) {
                ingest(store, sources.fresh(), other.resolve("m.velo"));
                reference = Files.readAllBytes(other.resolve("m.velo"));
            } finally {
                Scratch.remove(other);
            }
        }
        return reference;
    }

    public Scenario manifestWriting() {
        return new Scenario() {
            @Override
            public void prepare(Path directory) throws Exception {
                Files.writeString(directory.resolve("m.velo"), "before");
            }

            @Override
            public void act(Path directory, FileOps files) throws Exception {
                ManifestFile.write(reference(), directory.resolve("m.velo"), files);
            }

            @Override
            public void check(Path directory, boolean done) throws Exception {
                byte[] found = Files.readAllBytes(directory.resolve("m.velo"));
                if (done || !new String(found, StandardCharsets.ISO_8859_1).equals("before")) {
                    assertThat(found).isEqualTo(reference());
                }
                if (done) {
                    Sound.noLeftovers(directory);
                }
            }
        };
    }

    public Scenario registration() {
        return new OnStore() {
            @Override
            void act(Path directory, Store store) throws Exception {
                byte[] bytes = Files.readAllBytes(directory.resolve("kept.velo"));
                Files.write(directory.resolve("copy.velo"), bytes);
                store.roots().register(directory.resolve("copy.velo"), Digest.of(bytes), bytes);
                byte[] other = reference();
                store.roots().register(directory.resolve("elsewhere.velo"), Digest.of(other), other);
            }

            @Override
            void check(Path directory, Store store, boolean done) throws Exception {
                super.check(directory, store, done);
                if (done) {
                    Sound.manifest(store, directory.resolve("copy.velo"));
                }
            }
        };
    }

    public Scenario leases() {
        return new OnStore() {
            @Override
            void act(Path directory, Store store) throws Exception {
                try (Lease lease = store.leases().take(Lease.Kind.RUN, List.of(DAMAGED))) {
                    byte[] name = "work".getBytes(StandardCharsets.UTF_8);
                    store.files().createFile(lease.directory(), name, 0600).close();
                }
            }

            @Override
            public void check(Path directory, boolean done) throws Exception {
                // While this process lives: an operation that failed must not have left a lease that looks held.
                try (Store store = Store.open(store(directory))) {
                    assertThat(store.leases().count()).isZero();
                }
                super.check(directory, done);
            }
        };
    }

    public Scenario twins() {
        return new OnStore() {
            @Override
            void act(Path directory, Store store) throws Exception {
                try (Lease lease = store.leases().take(Lease.Kind.FARM, List.of())) {
                    new Twins(store, store.blobs()).ensure(List.of(DAMAGED, SHARED), lease);
                }
            }

            @Override
            void check(Path directory, Store store, boolean done) throws Exception {
                super.check(directory, store, done);
            }
        };
    }

    public Scenario collection() {
        return new OnStore() {
            @Override
            void prepare(Path directory, Store store) throws Exception {
                ingest(store, sources.fresh(), directory.resolve("gone.velo"));
                Files.delete(directory.resolve("gone.velo"));
                Path dead = Files.createDirectories(store.path().resolve("leases/ingest-0123456789abcdef"));
                Files.writeString(dead.resolve("lock"), "velo-lease 1\n");
                Files.writeString(dead.resolve("blob-1"), "half");
                Files.writeString(store.path().resolve("roots/0.x-1.new"), "half");
                Path half = store.path().resolve("roots/0.x-1.new");
                for (Path made : List.of(dead, dead.resolve("lock"), dead.resolve("blob-1"), half)) {
                    Files.setAttribute(made, "unix:uid", store.owner().uid());
                }
                // Change times tick; what was used in the tick in which a collection begins stays.
                Thread.sleep(12);
            }

            @Override
            void act(Path directory, Store store) throws Exception {
                new Collection(store, Duration.ZERO).run(true);
            }

            @Override
            void check(Path directory, Store store, boolean done) throws Exception {
                super.check(directory, store, done);
                assertThat(store.blobs().status(SHARED, BlobStore.Form.PLAIN)).isPresent();
                if (done) {
                    assertThat(store.roots().list()).hasSize(2);
                    assertThat(Files.exists(store.path().resolve("roots/0.x-1.new")))
                            .isFalse();
                    try (Stream<Path> files = Files.walk(store.path().resolve("cas"))) {
                        // kept: 3, out: shared, own and large.
                        assertThat(files.filter(Files::isRegularFile)).hasSize(5);
                    }
                }
            }
        };
    }

    public Scenario repair() {
        return new Scenario() {
            @Override
            public void prepare(Path directory) throws Exception {
                try (Store store = Store.openOrCreate(store(directory))) {
                    ingest(store, sources.kept(), directory.resolve("kept.velo"));
                    try (Lease lease = store.leases().take(Lease.Kind.FARM, List.of())) {
                        new Twins(store, store.blobs()).ensure(List.of(DAMAGED), lease);
                    }
                    Path blob = store.resolve(BlobStore.nameOf(DAMAGED, BlobStore.Form.PLAIN));
                    Files.setPosixFilePermissions(blob, PosixFilePermissions.fromString("rw-r--r--"));
                    Files.writeString(blob, "damaged!!\n");
                    Path shared = store.resolve(BlobStore.nameOf(SHARED, BlobStore.Form.PLAIN));
                    Files.setPosixFilePermissions(shared, PosixFilePermissions.fromString("rw-r--r--"));
                }
            }

            @Override
            public void act(Path directory, FileOps files) throws Exception {
                try (Store store = OpenStores.open(store(directory), files)) {
                    boolean left =
                            new Verification(store, true).store().stream().anyMatch(finding -> !finding.repaired());
                    if (left) {
                        throw new IOException("not all could be repaired");
                    }
                }
            }

            @Override
            public void check(Path directory, boolean done) throws Exception {
                try (Store store = Store.open(store(directory))) {
                    Sound.contents(store, Manifest.open(directory.resolve("kept.velo")));
                    try (Stream<Path> files = Files.walk(store.path())) {
                        assertThat(files.filter(Files::isRegularFile)
                                        .filter(file -> text(file).equals("damaged!!\n")))
                                .as("the damaged content, for its owner to look at")
                                .isNotEmpty();
                    }
                    if (done) {
                        Sound.store(store);
                    }
                    assertThat(Sound.names(store.path().resolve("leases"))).isEmpty();
                    assertThat(Sound.names(store.path().resolve("trash"))).isEmpty();
                }
            }
        };
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
