package dev.velo.cas.model;

import dev.velo.cas.Digest;
import dev.velo.cas.collect.Collection;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.OpenStores;
import dev.velo.cas.store.Roots;
import dev.velo.cas.store.Store;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;

/** What is left when everybody has ended, against what the model says must be there and what must be gone. */
final class Remains {
    private final World world;
    private final List<String> broken = new ArrayList<>();

    Remains(World world) {
        this.world = world;
    }

    static Path path(Path store, Digest digest, BlobStore.Form form) {
        return store.resolve(new String(BlobStore.nameOf(digest, form), StandardCharsets.US_ASCII));
    }

    static List<Digest> missing(Path store, Manifest manifest) {
        return manifest.contents().stream()
                .map(Manifest.Content::digest)
                .filter(digest -> Files.notExists(path(store, digest, BlobStore.Form.PLAIN)))
                .toList();
    }

    List<String> examine() throws Exception {
        Scheduler scheduler = new Scheduler(new Random(1));
        Process process = new Process(scheduler.add("end"), world.clock(), 0, -1, world.trace());
        FileOps ops = process.ops();
        process.note("everybody has ended");
        try (Store store = OpenStores.open(world.storePath(), ops)) {
            promises(store);
            // Whatever the clock has been through, in the end it is right.
            world.clock().leap(7200);
            new Collection(store, Duration.ZERO).run(true);
            promises(store);
            exactly(store);
        }
        return broken;
    }

    private void promises(Store store) throws Exception {
        Map<Path, Digest> roots = new TreeMap<>();
        for (Roots.Root root : store.roots().list()) {
            roots.put(root.file(), root.manifest());
        }
        for (Map.Entry<Path, World.Known> path : world.known().entrySet()) {
            Path file = path.getKey();
            Optional<Manifest> manifest = opened(file);
            if (path.getValue() == World.Known.PROMISED && (manifest.isEmpty() || !roots.containsKey(file))) {
                broken.add(file.getFileName() + " was promised: manifest " + manifest.isPresent() + ", root "
                        + roots.containsKey(file));
            }
            if (manifest.isPresent()
                    && roots.containsKey(file)
                    && !world.unsure().contains(file)
                    && !missing(store.path(), manifest.get()).isEmpty()) {
                broken.add(file.getFileName() + " lacks " + missing(store.path(), manifest.get()));
            }
        }
    }

    private static Optional<Manifest> opened(Path file) {
        try {
            return Optional.of(Manifest.open(file));
        } catch (ManifestException e) {
            return Optional.empty();
        }
    }

    /** After a collection without grace and without anybody else: what is needed, and nothing more. */
    private void exactly(Store store) throws Exception {
        TreeSet<String> needed = new TreeSet<>();
        TreeSet<String> twins = new TreeSet<>();
        TreeSet<String> copies = new TreeSet<>();
        for (Roots.Root root : store.roots().list()) {
            if (Files.notExists(root.file())) {
                broken.add("root of " + root.file().getFileName() + " is still there");
                continue;
            }
            Optional<Manifest> manifest = opened(root.file());
            if (manifest.isEmpty()) {
                manifest = Optional.of(
                        Manifest.fromBytes(store.roots().copyOf(root.manifest()).orElseThrow(), "copy"));
            }
            boolean readable = opened(root.file()).isPresent();
            copies.add(manifest.get().digest() + ".velo");
            copies.add(root.manifest() + ".velo");
            for (Manifest.Content content : manifest.get().contents()) {
                needed.add(content.digest().toHex());
                if (content.executable()) {
                    twins.add(content.digest().toHex());
                }
            }
            if (world.unsure().contains(root.file()) || (!readable && !world.isSettled(root.file()))) {
                missing(store.path(), manifest.get()).forEach(digest -> needed.remove(digest.toHex()));
            }
        }
        same("blobs", blobs(store.path().resolve("cas/sha256")), needed);
        subset("twins", blobs(store.path().resolve("exec/sha256")), twins);
        subset("copies of manifests", names(store.path().resolve("manifests")), copies);
        subset(
                "farms",
                names(store.path().resolve("farms")),
                new TreeSet<>(copies.stream()
                        .map(copy -> copy.replace(".velo", "-hardlink"))
                        .toList()));
        same("leases", names(store.path().resolve("leases")), new TreeSet<>());
        same("trash", names(store.path().resolve("trash")), new TreeSet<>());
        subset(
                "root files",
                names(store.path().resolve("roots")),
                new TreeSet<>(
                        store.roots().list().stream().map(Roots.Root::name).toList()));
    }

    private void same(String what, TreeSet<String> found, TreeSet<String> expected) {
        if (!found.equals(expected)) {
            broken.add(what + " are " + found + " instead of " + expected);
        }
    }

    private void subset(String what, TreeSet<String> found, TreeSet<String> allowed) {
        if (!allowed.containsAll(found)) {
            broken.add(what + " are " + found + ", more than " + allowed);
        }
    }

    private TreeSet<String> blobs(Path directory) throws IOException {
        TreeSet<String> found = new TreeSet<>();
        for (String shard : names(directory)) {
            for (String name : names(directory.resolve(shard))) {
                byte[] content = Files.readAllBytes(directory.resolve(shard).resolve(name));
                if (!Digest.of(content).toHex().equals(shard + name)) {
                    broken.add("wrong content under " + shard + name);
                }
                found.add(shard + name);
            }
        }
        return found;
    }

    private static TreeSet<String> names(Path directory) {
        return new TreeSet<>(List.of(new File(directory.toString()).list()));
    }
}
