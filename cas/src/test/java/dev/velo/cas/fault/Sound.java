package dev.velo.cas.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import dev.velo.cas.collect.Collection;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Roots;
import dev.velo.cas.store.Store;
import dev.velo.cas.verify.Verification;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What is true of every store that a process finds, whatever others did before. */
public final class Sound {
    private Sound() {}

    /** Nothing is half, nothing is left over, and nothing is wrong. */
    public static void store(Store store) throws Exception {
        assertThat(new Verification(store, false).store()).isEmpty();
        assertThat(names(store.path().resolve("leases"))).as("leases").isEmpty();
        assertThat(names(store.path().resolve("trash"))).as("trash").isEmpty();
        assertThat(names(store.path()))
                .as("the store's root")
                .isSubsetOf(
                        "cas",
                        "cache",
                        "exec",
                        "leases",
                        "roots",
                        "manifests",
                        "trash",
                        "farms",
                        "gc.lock",
                        "velo-store",
                        "quarantine");
        owners(store, store.path());
        new Collection(store, Duration.ofDays(1)).run(true);
        for (String directory : List.of("roots", "manifests")) {
            assertThat(names(store.path().resolve(directory)))
                    .as("after a collection, in " + directory)
                    .noneMatch(name -> name.endsWith(".new"));
        }
    }

    private static void owners(Store store, Path directory) throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            // Whoever is killed between open(2) and chown(2) leaves such a file to the next collection.
            for (Path path :
                    all.filter(path -> !path.toString().endsWith(".new")).toList()) {
                assertThat((Integer) Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS))
                        .as("owner of " + path)
                        .isEqualTo(store.owner().uid());
            }
        }
    }

    /** A manifest that was reported done: its file, its registration, the store's copy, and everything it names. */
    public static Manifest manifest(Store store, Path file) throws Exception {
        Manifest manifest = Manifest.open(file);
        List<Roots.Root> roots = store.roots().list().stream()
                .filter(root -> root.file().equals(file))
                .toList();
        assertThat(roots).as("root of " + file).hasSize(1);
        assertThat(roots.get(0).manifest()).as("digest of root").isEqualTo(manifest.digest());
        assertThat(store.roots().copyOf(manifest.digest()).map(Digest::of))
                .as("copy of " + file)
                .contains(manifest.digest());
        contents(store, manifest);
        return manifest;
    }

    public static void contents(Store store, Manifest manifest) throws IOException {
        for (Manifest.Content content : manifest.contents()) {
            Optional<FileStatus> blob = store.blobs().status(content.digest(), BlobStore.Form.PLAIN);
            assertThat(blob).as("blob of " + content.firstPath()).isPresent();
            assertThat(blob.get().size()).isEqualTo(content.size());
        }
    }

    /** No files of a writer that was killed, in a directory of the user's. */
    public static void noLeftovers(Path directory) throws IOException {
        assertThat(names(directory)).noneMatch(name -> name.startsWith(".velo-manifest-"));
    }

    static List<String> names(Path directory) throws IOException {
        FileOps files = FileOps.system();
        try (Descriptor dir = files.openDirectoryFollowing(directory.toString().getBytes(StandardCharsets.UTF_8))) {
            return files.list(dir.number()).stream()
                    .map(entry -> new String(entry.name(), StandardCharsets.UTF_8))
                    .toList();
        }
    }
}
