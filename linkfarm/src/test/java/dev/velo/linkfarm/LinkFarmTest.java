package dev.velo.linkfarm;

import static dev.velo.linkfarm.FarmStore.child;
import static dev.velo.linkfarm.FarmStore.directory;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.ForwardingFileOps;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.CorruptBlobException;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreLayout;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LinkFarmTest {
    private static final Optional<Placement> AUTO = Optional.empty();

    @TempDir
    Path temp;

    private FarmStore farms;
    private Store store;
    private FileNode hello;
    private FileNode tool;
    private Manifest manifest;

    @BeforeEach
    void open() throws Exception {
        farms = new FarmStore(temp.resolve("store"));
        store = farms.store();
        hello = farms.file("hello", 0640);
        tool = farms.file("tool", 0711);
        manifest = FarmStore.manifest(directory(
                0755,
                child("hello", hello),
                child("bin", directory(0755, child("tool", tool))),
                child("empty", farms.file("", 0600))));
    }

    @AfterEach
    void close() {
        farms.close();
    }

    private Farm build() throws VeloException {
        return new LinkFarm(store, FarmStore.LAYERS).of(manifest, AUTO);
    }

    private Path directoryOf(Farm farm) {
        return farms.path(farm).getParent();
    }

    private List<String> names(String directory) throws IOException {
        try (Stream<Path> list = Files.list(store.path().resolve(directory))) {
            return list.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void linksBlobsAndTwinsButNeverTheEmptyBlob() throws Exception {
        Farm farm = build();
        Path tree = farms.path(farm);
        assertThat(farm.built()).isTrue();
        assertThat(farm.placement()).isEqualTo(Placement.HARDLINK);
        assertThat(farm.entries()).isEqualTo(5);
        assertThat(Listing.status(tree.resolve("hello")).inode())
                .isEqualTo(
                        Listing.status(farms.blob(hello, BlobStore.Form.PLAIN)).inode());
        assertThat(Listing.status(tree.resolve("bin/tool")).inode())
                .isEqualTo(Listing.status(farms.blob(tool, BlobStore.Form.EXECUTABLE))
                        .inode());
        assertThat(Listing.status(tree.resolve("bin/tool")).permissions()).isEqualTo(0555);
        assertThat(Listing.status(tree.resolve("empty")).links()).isEqualTo(1);
        assertThat(names("leases")).isEmpty();
        assertThat(names("trash")).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"HARDLINK", "REFLINK", "COPY"})
    void looksTheSameUnderEveryPlacement(Placement placement) throws Exception {
        if (placement == Placement.REFLINK) {
            try (Lease lease = store.leases().take(Lease.Kind.FARM, List.of())) {
                Assumptions.assumeTrue(
                        new FilesystemProbe(store.files())
                                .probe(lease.directory())
                                .clones(),
                        "the file system of the temporary directory cannot share blocks");
            }
        }
        Farm farm = new LinkFarm(store, FarmStore.LAYERS).of(manifest, Optional.of(placement));
        assertThat(farm.placement()).isEqualTo(placement);
        Path tree = farms.path(farm);
        for (String name : List.of("hello", "bin/tool", "empty")) {
            FileStatus status = Listing.status(tree.resolve(name));
            assertThat(status.permissions()).isEqualTo(name.equals("bin/tool") ? 0555 : 0444);
            assertThat(status.modified()).isEqualTo(StoreLayout.FIXED_TIME);
            assertThat(status.links() > 1).isEqualTo(placement == Placement.HARDLINK && !name.equals("empty"));
        }
        assertThat(tree.resolve("bin/tool")).hasContent("tool");
    }

    @Test
    void metadataFilesShowTheManifestAndReferToTheBlobs() throws Exception {
        Farm farm = new LinkFarm(store, FarmStore.LAYERS).of(manifest, Optional.of(Placement.METADATA));
        assertThat(farm.data()).contains("cas/sha256");
        Path tree = farms.path(farm);
        for (String name : List.of("hello", "bin/tool", "empty")) {
            FileNode node = name.equals("hello") ? hello : name.equals("empty") ? farms.file("", 0600) : tool;
            FileStatus status = Listing.status(tree.resolve(name));
            assertThat(status.permissions()).isEqualTo(node.mode());
            assertThat(status.modified()).isEqualTo(FarmStore.TIME);
            assertThat(status.size()).isEqualTo(node.size());
            assertThat(status.links()).isEqualTo(1);
        }
        String hex = hello.digest().toHex();
        assertThat(Files.getAttribute(tree.resolve("hello"), "user:overlay.redirect"))
                .isEqualTo(("/" + hex.substring(0, 2) + "/" + hex.substring(2)).getBytes(StandardCharsets.UTF_8));
        // No twin is needed, no link was made.
        assertThat(names("exec/sha256")).isEmpty();
        assertThat(Listing.status(farms.blob(hello, BlobStore.Form.PLAIN)).links())
                .isEqualTo(1);
        assertThat(new LinkFarm(store, FarmStore.LAYERS)
                        .of(manifest, Optional.of(Placement.METADATA))
                        .built())
                .isFalse();
    }

    @Test
    void metadataIsRefusedWhereItCannotBeMounted() throws Exception {
        LayerProbe refusing = directory -> {
            assertThat(directory).isEmptyDirectory();
            return Optional.of("invalid argument");
        };
        assertThatThrownBy(() -> new LinkFarm(store, refusing).of(manifest, Optional.of(Placement.METADATA)))
                .isInstanceOf(VeloException.class)
                .hasMessageContaining("cannot place files by metadata")
                .hasMessageContaining("invalid argument");
        assertThat(names("farms")).isEmpty();
        assertThat(names("leases")).isEmpty();
        assertThat(new LinkFarm(store, refusing).of(manifest, AUTO).placement()).isEqualTo(Placement.HARDLINK);
    }

    /** It looks different, so it is taken only where it is asked for. */
    @Test
    void aFarmOfMetadataIsNoAnswerToAuto() throws Exception {
        new LinkFarm(store, FarmStore.LAYERS).of(manifest, Optional.of(Placement.METADATA));
        assertThat(build().placement()).isEqualTo(Placement.HARDLINK);
        assertThat(names("farms")).hasSize(2);
    }

    @Test
    void aFarmOfMetadataIsNoUseWithoutItsBlobs() throws Exception {
        new LinkFarm(store, FarmStore.LAYERS).of(manifest, Optional.of(Placement.METADATA));
        Files.delete(farms.blob(hello, BlobStore.Form.PLAIN));
        assertThatThrownBy(() -> new LinkFarm(store, FarmStore.LAYERS).of(manifest, Optional.of(Placement.METADATA)))
                .isInstanceOf(MissingBlobException.class)
                .hasMessageContaining("/hello");
    }

    @Test
    void everythingBelongsToTheStoresOwner() throws Exception {
        Path tree = directoryOf(build());
        String owner = store.owner().uid() + ":" + store.owner().gid();
        assertThat(Listing.of(tree).values())
                .hasSize(8)
                .allSatisfy(line -> assertThat(line).contains(" " + owner));
    }

    @Test
    void isBuiltOnceAndShared() throws Exception {
        long inode = Listing.status(directoryOf(build())).inode();
        Farm again = build();
        assertThat(again.built()).isFalse();
        assertThat(again.entries()).isEqualTo(5);
        assertThat(Listing.status(directoryOf(again)).inode()).isEqualTo(inode);
    }

    private void pretendAnEarlierBoot(Farm farm) throws IOException {
        Path marker = directoryOf(farm).resolve("complete");
        String text = Files.readString(marker);
        String boot =
                Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).trim();
        assertThat(text).contains(boot);
        Files.delete(marker);
        Files.writeString(marker, text.replace(boot, "00000000-0000-0000-0000-000000000000"));
    }

    @Test
    void isBuiltAnewAfterARestartOfTheMachine() throws Exception {
        Farm farm = build();
        pretendAnEarlierBoot(farm);
        Files.delete(farms.path(farm).resolve("hello"));
        Farm again = build();
        assertThat(again.built()).isTrue();
        assertThat(farms.path(again).resolve("hello")).hasContent("hello");
        assertThat(names("farms")).hasSize(1);
        // Out of the way at once; deleted by whoever has time.
        assertThat(names("trash")).hasSize(1);
        Store.open(store.path()).close();
        assertThat(names("trash")).isEmpty();
    }

    @Test
    void twoThatReplaceAStaleFarmKeepTheFirstsResult() throws Exception {
        pretendAnEarlierBoot(build());
        AtomicInteger reads = new AtomicInteger();
        List<Long> first = new ArrayList<>();
        try (Store other = Store.open(store.path())) {
            FileOps late = new ForwardingFileOps(store.files()) {
                @Override
                public Descriptor openRead(int dir, byte[] name) throws IOException {
                    Descriptor file = super.openRead(dir, name);
                    // The second look at the old marker: between it and the replacement the other one replaces the
                    // farm.
                    if (new String(name, StandardCharsets.UTF_8).endsWith("/complete")
                            && reads.incrementAndGet() == 2) {
                        try {
                            Farm theirs = new LinkFarm(other, FarmStore.LAYERS).of(manifest, AUTO);
                            assertThat(theirs.built()).isTrue();
                            first.add(Listing.status(directoryOf(theirs)).inode());
                        } catch (VeloException e) {
                            throw new IOException(e);
                        }
                    }
                    return file;
                }
            };
            Farm farm = new LinkFarm(store, late, FarmStore.LAYERS).of(manifest, AUTO);
            assertThat(first).containsExactly(Listing.status(directoryOf(farm)).inode());
            assertThat(farm.built()).isFalse();
        }
    }

    @Test
    void manyBuildersAtOnceAgreeOnOneFarm() throws Exception {
        int builders = 6;
        DirectoryNode.Child[] children = new DirectoryNode.Child[200];
        Arrays.setAll(children, i -> child("d" + i, directory(0755, child("f", hello), child("x", tool))));
        Manifest larger = FarmStore.manifest(directory(0755, children));
        CyclicBarrier start = new CyclicBarrier(builders);
        ExecutorService pool = Executors.newFixedThreadPool(builders);
        try {
            List<Callable<Farm>> tasks = new ArrayList<>();
            for (int i = 0; i < builders; i++) {
                // Each opens the store for itself, so locks stand between them as between processes.
                tasks.add(() -> {
                    try (Store own = Store.open(store.path())) {
                        start.await();
                        return new LinkFarm(own, FarmStore.LAYERS).of(larger, AUTO);
                    }
                });
            }
            List<Farm> built = new ArrayList<>();
            for (Future<Farm> future : pool.invokeAll(tasks)) {
                built.add(future.get());
            }
            assertThat(built).extracting(Farm::tree).containsOnly(built.get(0).tree());
            assertThat(built.stream().filter(Farm::built)).hasSize(1);
        } finally {
            pool.shutdownNow();
        }
        assertThat(names("farms")).hasSize(1);
        assertThat(names("leases")).isEmpty();
    }

    @Test
    void namesWhatTheStoreLacks() throws Exception {
        DirectoryNode.Child[] children = new DirectoryNode.Child[13];
        Arrays.setAll(children, i -> child("f" + (char) ('a' + i), FarmStore.absent("lost " + i)));
        Manifest lacking = FarmStore.manifest(directory(0755, children));
        assertThatThrownBy(() -> new LinkFarm(store, FarmStore.LAYERS).of(lacking, AUTO))
                .isInstanceOf(MissingBlobException.class)
                .hasMessageContaining("/fa (" + FarmStore.absent("lost 0").digest())
                .hasMessageContaining("/fj (")
                .hasMessageNotContaining("/fk (")
                .hasMessageContaining("and 3 more")
                .hasMessageContaining("ingest the tree again")
                .hasMessageNotContaining("\n");
        assertThat(names("farms")).isEmpty();
        assertThat(names("leases")).isEmpty();
    }

    private void truncate(Path blob, String content) throws IOException {
        Files.delete(blob);
        Files.writeString(blob, content);
    }

    @Test
    void refusesABlobOfTheWrongSize() throws Exception {
        truncate(farms.blob(hello, BlobStore.Form.PLAIN), "hell");
        assertThatThrownBy(this::build)
                .isInstanceOf(CorruptBlobException.class)
                .hasMessageContaining(hello.digest().toHex());
        assertThat(names("farms")).isEmpty();
    }

    @Test
    void refusesATwinOfTheWrongSize() throws Exception {
        build();
        truncate(farms.blob(tool, BlobStore.Form.EXECUTABLE), "too");
        Manifest other = FarmStore.manifest(directory(0700, child("tool", tool)));
        assertThatThrownBy(() -> new LinkFarm(store, FarmStore.LAYERS).of(other, AUTO))
                .isInstanceOf(CorruptBlobException.class);
        assertThat(names("farms")).hasSize(1);
    }

    @Test
    void refusesContentThatChangedWhenItCopies() throws Exception {
        truncate(farms.blob(hello, BlobStore.Form.PLAIN), "jello");
        assertThatThrownBy(() -> new LinkFarm(store, FarmStore.LAYERS).of(manifest, Optional.of(Placement.COPY)))
                .isInstanceOf(CorruptBlobException.class);
        assertThat(names("farms")).isEmpty();
    }

    /** @param onlyBlobs links inside a lease's directory work, links of blobs do not: blobs are immutable or on a file system of their own */
    private FileOps withoutLinks(Errno errno, boolean onlyBlobs) {
        return new ForwardingFileOps(store.files()) {
            @Override
            public void link(int fromDir, byte[] from, int toDir, byte[] to) throws IOException {
                if (!onlyBlobs || fromDir == store.root()) {
                    throw new ErrnoException("link", to, errno);
                }
                super.link(fromDir, from, toDir, to);
            }
        };
    }

    @ParameterizedTest
    @EnumSource(names = {"EXDEV", "EPERM", "EOPNOTSUPP"})
    void copiesWhereNothingCanBeLinked(Errno errno) throws Exception {
        Farm farm = new LinkFarm(store, withoutLinks(errno, false), FarmStore.LAYERS).of(manifest, AUTO);
        assertThat(farm.placement()).isNotEqualTo(Placement.HARDLINK);
        assertThat(farms.path(farm).resolve("bin/tool")).hasContent("tool");
        assertThat(Listing.status(farms.path(farm).resolve("hello")).links()).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(names = {"EXDEV", "EPERM"})
    void copiesWhereBlobsCannotBeLinked(Errno errno) throws Exception {
        Farm farm = new LinkFarm(store, withoutLinks(errno, true), FarmStore.LAYERS).of(manifest, AUTO);
        assertThat(farm.placement()).isNotEqualTo(Placement.HARDLINK);
        assertThat(farms.path(farm).resolve("hello")).hasContent("hello");
    }

    @Test
    void refusesAPlacementThatCannotBeHad() throws Exception {
        LinkFarm unlinkable = new LinkFarm(store, withoutLinks(Errno.EXDEV, true), FarmStore.LAYERS);
        assertThatThrownBy(() -> unlinkable.of(manifest, Optional.of(Placement.HARDLINK)))
                .isInstanceOf(VeloException.class)
                .hasMessageContaining("hardlink")
                .hasMessageContaining("--placement auto");
        assertThat(names("farms")).isEmpty();
    }

    @Test
    void linksOnWhereTheProbedBlobHasAllItsLinks() throws Exception {
        Farm farm = new LinkFarm(store, withoutLinks(Errno.EMLINK, true), FarmStore.LAYERS).of(manifest, AUTO);
        assertThat(farm.placement()).isEqualTo(Placement.HARDLINK);
        assertThat(farms.path(farm).resolve("hello")).hasContent("hello");
    }

    @Test
    void whatAKilledBuilderLeavesGoesAtTheNextStart() throws Exception {
        Lease lease = store.leases().take(Lease.Kind.FARM, List.of(manifest.digest()));
        Path half = Files.createDirectories(lease.path().resolve("farm/tree/closed"));
        Files.writeString(half.resolve("f"), "half");
        // The lock goes with the process; the descriptor is all of it that a test can take away.
        store.files().unlock(lease.lock());
        Store.open(store.path()).close();
        assertThat(lease.path()).doesNotExist();
        assertThat(names("trash")).isEmpty();
        assertThat(names("farms")).isEmpty();
    }
}
