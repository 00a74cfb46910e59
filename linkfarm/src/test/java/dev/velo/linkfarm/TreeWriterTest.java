package dev.velo.linkfarm;

import static dev.velo.linkfarm.FarmStore.child;
import static dev.velo.linkfarm.FarmStore.directory;
import static dev.velo.linkfarm.FarmStore.link;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.FileName;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.posix.ForwardingFileOps;
import dev.velo.cas.posix.Timestamp;
import dev.velo.cas.store.BlobShelf;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Replicas;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.TreeRemoval;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.SortedMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TreeWriterTest {
    private static final byte[] NOT_UTF8 = {'b', (byte) 0xe9, 't', (byte) 0xff};

    @TempDir
    Path temp;

    private FarmStore farm;
    private FileNode hello;

    @BeforeEach
    void open() throws Exception {
        farm = new FarmStore(temp.resolve("store"));
        hello = farm.file("hello", 0644);
    }

    @AfterEach
    void close() {
        farm.close();
    }

    private static byte[] bytes(Object text) {
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private Path write(DirectoryNode tree, String name, int threads, FileOps files) throws IOException, VeloException {
        Path target = Files.createDirectories(temp.resolve(name));
        Store store = farm.store();
        if (files.effectiveUid() == 0) {
            files.changeOwner(
                    FileOps.CWD,
                    bytes(target),
                    store.owner().uid(),
                    store.owner().gid());
        }
        try (Lease lease = store.leases().take(Lease.Kind.FARM, List.of());
                Descriptor root = files.openDirectoryFollowing(bytes(target))) {
            StorePlacer placer = new StorePlacer(
                    store, files, new BlobShelf(store, files, 1), new Replicas(store, lease), Placement.HARDLINK);
            new TreeWriter(files, placer).write(tree, root, threads);
        }
        return target;
    }

    private Path write(DirectoryNode tree) throws IOException, VeloException {
        return write(tree, "out", 2, FileOps.system());
    }

    @Test
    void writesEveryTypeExactly() throws Exception {
        Timestamp old = new Timestamp(-5, 7);
        DirectoryNode tree = directory(
                01751,
                child("file", hello),
                child("link", link("/etc")),
                child("gone", new WhiteoutNode()),
                child("closed", directory(0)),
                child("replaced", new DirectoryNode(0700, old, true, List.of(child("f", hello)))));
        Path out = write(tree);
        assertThat(Listing.status(out).permissions()).isEqualTo(01751);
        assertThat(Listing.status(out).modified()).isEqualTo(FarmStore.TIME);
        FileStatus link = Listing.status(out.resolve("link"));
        assertThat(link.type()).isEqualTo(FileType.SYMLINK);
        assertThat(link.modified()).isEqualTo(FarmStore.TIME);
        assertThat(Files.readSymbolicLink(out.resolve("link"))).isEqualTo(Path.of("/etc"));
        assertThat(Listing.status(out.resolve("gone")).isWhiteoutDevice()).isTrue();
        assertThat(Listing.status(out.resolve("closed")).permissions()).isZero();
        assertThat(Listing.status(out.resolve("replaced")).modified()).isEqualTo(old);
        try (Descriptor root = FileOps.system().openDirectoryFollowing(bytes(out));
                Descriptor replaced = FileOps.system().openDirectory(root.number(), bytes("replaced"))) {
            assertThat(Listing.isOpaque(replaced)).isTrue();
            assertThat(Listing.isOpaque(root)).isFalse();
        }
        assertThat(out.resolve("replaced/f")).hasContent("hello");
    }

    @Test
    void carriesRawAndLongNames() throws Exception {
        DirectoryNode.Child raw = new DirectoryNode.Child(FileName.of(NOT_UTF8), directory(0755, child("f", hello)));
        Path out = write(directory(0755, raw, child("n".repeat(255), hello), child("a\nb", hello)));
        assertThat(Listing.of(out))
                .containsOnlyKeys("", "/b\\xe9t\\xff", "/b\\xe9t\\xff/f", "/" + "n".repeat(255), "/a\\x0ab");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 8})
    void looksTheSameWhateverTheNumberOfThreads(int threads) throws Exception {
        DirectoryNode tree = random(new Random(7), 4);
        SortedMap<String, String> one = Listing.of(write(tree, "one", 1, FileOps.system()));
        SortedMap<String, String> many = Listing.of(write(tree, "many", threads, FileOps.system()));
        assertThat(one).hasSizeGreaterThan(200);
        assertThat(many).isEqualTo(one);
    }

    private DirectoryNode random(Random random, int depth) {
        List<DirectoryNode.Child> children = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            TreeNode node = random.nextInt(3) > 0 && depth > 0
                    ? random(random, depth - 1)
                    : random.nextBoolean() ? hello : link("to-" + random.nextInt(99));
            children.add(child("n" + i, node));
        }
        Timestamp time = new Timestamp(random.nextInt(), random.nextInt(1_000_000_000));
        return new DirectoryNode(0700 | random.nextInt(0100), time, random.nextInt(5) == 0, children);
    }

    @Test
    void reachesTwoThousandLevels() throws Exception {
        DirectoryNode tree = directory(0755, child("f", hello));
        for (int i = 0; i < 2000; i++) {
            tree = directory(0755, child("d", tree), child("f", hello));
        }
        DirectoryNode deep = tree;
        try {
            assertThat(Listing.of(write(deep))).hasSize(4002);
        } finally {
            // The temporary directory's own removal takes a path at a time, which is quadratic here.
            new TreeRemoval(FileOps.system()).remove(FileOps.CWD, bytes(temp.resolve("out")));
        }
    }

    @Test
    void keepsFewDescriptorsInWideTrees() throws Exception {
        DirectoryNode leaf = directory(0755, child("f", hello));
        DirectoryNode.Child[] wide = new DirectoryNode.Child[20_000];
        Arrays.setAll(wide, i -> child("d" + i, i % 10 == 0 ? leaf : hello));
        AtomicInteger open = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        FileOps counting = new ForwardingFileOps(FileOps.system()) {
            @Override
            public Descriptor openDirectory(int dir, byte[] name) throws IOException {
                most.accumulateAndGet(open.incrementAndGet(), Math::max);
                return super.openDirectory(dir, name);
            }

            @Override
            public void setModified(int fd, Timestamp time) throws IOException {
                // The last step before a directory is closed.
                open.decrementAndGet();
                super.setModified(fd, time);
            }
        };
        Path out = write(directory(0755, wide), "out", 4, counting);
        assertThat(Listing.of(out)).hasSize(1 + 20_000 + 2_000);
        assertThat(most.get()).isBetween(1, 8);
    }

    @Test
    void neverFollowsALinkThatIsInTheWay() throws Exception {
        Path outside = Files.createDirectories(temp.resolve("outside"));
        Path out = Files.createDirectories(temp.resolve("out"));
        Files.createSymbolicLink(out.resolve("d"), outside);
        DirectoryNode tree = directory(0755, child("d", directory(0700, child("f", hello))));
        assertThatThrownBy(() -> write(tree))
                .isInstanceOfSatisfying(
                        ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EEXIST));
        assertThat(outside).isEmptyDirectory();
        assertThat(Files.readSymbolicLink(out.resolve("d"))).isEqualTo(outside);
    }

    @Test
    void neverReplacesOrWritesThroughAFileThatIsInTheWay() throws Exception {
        Path victim = Files.writeString(temp.resolve("victim"), "precious");
        Path out = Files.createDirectories(temp.resolve("out"));
        FileNode empty = farm.file("", 0644);
        for (TreeNode node : List.of(hello, empty, link("x"), new WhiteoutNode())) {
            Files.createSymbolicLink(out.resolve("f"), victim);
            assertThatThrownBy(() -> write(directory(0755, child("f", node))))
                    .isInstanceOfSatisfying(
                            ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EEXIST));
            assertThat(victim).hasContent("precious");
            assertThat(Files.readSymbolicLink(out.resolve("f"))).isEqualTo(victim);
            Files.delete(out.resolve("f"));
        }
    }

    @Test
    void neverFollowsALinkThatTakesADirectorysPlace() throws Exception {
        Path outside = Files.createDirectories(temp.resolve("outside"));
        FileOps swapping = new ForwardingFileOps(FileOps.system()) {
            @Override
            public void makeDirectory(int dir, byte[] name, int permissions) throws IOException {
                super.makeDirectory(dir, name, permissions);
                super.removeDirectory(dir, name);
                super.symlink(bytes(outside), dir, name);
            }
        };
        DirectoryNode tree = directory(0755, child("d", directory(0700, child("f", hello))));
        assertThatThrownBy(() -> write(tree, "out", 2, swapping)).isInstanceOf(ErrnoException.class);
        assertThat(outside).isEmptyDirectory();
    }

    /** As ext4 does at 65,000 links, here at three. */
    @Test
    void aBlobWithAllItsLinksGetsAFreshInode() throws Exception {
        FileOps limited = new ForwardingFileOps(farm.store().files()) {
            @Override
            public void link(int fromDir, byte[] from, int toDir, byte[] to) throws IOException {
                if (status(fromDir, from).links() >= 3) {
                    throw new ErrnoException("link", to, Errno.EMLINK);
                }
                super.link(fromDir, from, toDir, to);
            }
        };
        List<DirectoryNode.Child> children = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            children.add(child("f" + i, hello));
        }
        Path out = write(directory(0755, children.toArray(DirectoryNode.Child[]::new)), "out", 1, limited);
        List<FileStatus> files = new ArrayList<>();
        for (int i = 0; i < 7; i++) {
            assertThat(out.resolve("f" + i)).hasContent("hello");
            files.add(Listing.status(out.resolve("f" + i)));
        }
        FileStatus blob = farm.store()
                .blobs()
                .status(hello.digest(), BlobStore.Form.PLAIN)
                .orElseThrow();
        // Two, two and two names of old inodes whose blob name was taken, and one of the inode that has it now.
        assertThat(files.stream().map(FileStatus::inode).distinct()).hasSize(4);
        assertThat(blob.inode()).isEqualTo(files.get(6).inode());
        assertThat(blob.links()).isEqualTo(2);
        assertThat(files.stream()
                        .map(file -> List.of(file.permissions(), file.modified(), file.uid(), file.size()))
                        .distinct())
                .hasSize(1);
        assertThat(Listing.status(farm.store().path().resolve("leases")).links())
                .isEqualTo(2);
    }

    @Test
    void goesOnWithAnInodeOfItsOwnWhereABlobHasTooManyLinks() throws Exception {
        AtomicInteger links = new AtomicInteger();
        FileOps limited = new ForwardingFileOps(farm.store().files()) {
            @Override
            public void link(int fromDir, byte[] from, int toDir, byte[] to) throws IOException {
                if (links.incrementAndGet() > 2) {
                    throw new ErrnoException("link", to, Errno.EMLINK);
                }
                super.link(fromDir, from, toDir, to);
            }
        };
        Path out = write(
                directory(0755, child("a", hello), child("b", hello), child("c", hello), child("d", hello)),
                "out",
                1,
                limited);
        FileStatus linked = Listing.status(out.resolve("a"));
        FileStatus replica = Listing.status(out.resolve("d"));
        // The blob's name went to another inode, in vain.
        assertThat(linked.links()).isEqualTo(2);
        assertThat(replica.links()).isEqualTo(1);
        assertThat(out.resolve("d")).hasContent("hello");
        assertThat(replica.permissions()).isEqualTo(linked.permissions()).isEqualTo(0444);
        assertThat(replica.modified()).isEqualTo(linked.modified());
        assertThat(replica.uid()).isEqualTo(linked.uid());
    }

    @Test
    void reportsTheFirstFailureAndClosesWhatItOpened() throws Exception {
        AtomicInteger made = new AtomicInteger();
        FileOps failing = new ForwardingFileOps(FileOps.system()) {
            @Override
            public void makeDirectory(int dir, byte[] name, int permissions) throws IOException {
                if (made.incrementAndGet() == 20) {
                    throw new ErrnoException("make directory", name, Errno.ENOSPC);
                }
                super.makeDirectory(dir, name, permissions);
            }
        };
        DirectoryNode tree = random(new Random(3), 4);
        long before = openDescriptors();
        assertThatThrownBy(() -> write(tree, "out", 4, failing))
                .isInstanceOfSatisfying(
                        ErrnoException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOSPC));
        assertThat(openDescriptors()).isLessThanOrEqualTo(before);
    }

    private static long openDescriptors() throws IOException {
        try (var list = Files.list(Path.of("/proc/self/fd"))) {
            return list.count();
        }
    }
}
