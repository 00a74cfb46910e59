package dev.velo.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestBuilder;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.posix.Timestamp;
import dev.velo.namespaces.MountOp;
import dev.velo.profiles.HostMount;
import dev.velo.profiles.Limits;
import dev.velo.profiles.Profile;
import dev.velo.profiles.SystemCalls;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootPlanTest {
    private static final Timestamp TIME = new Timestamp(1, 0);

    /** Stands for the host. */
    @TempDir
    Path host;

    @BeforeEach
    void fill() throws Exception {
        Files.createDirectories(host.resolve("usr/bin"));
        Files.createSymbolicLink(host.resolve("bin"), Path.of("usr/bin"));
        Files.createDirectories(host.resolve("etc"));
        Files.writeString(host.resolve("etc/passwd"), "root");
    }

    private static DirectoryNode directory(int mode, Object... namesAndNodes) {
        List<DirectoryNode.Child> children = new ArrayList<>();
        for (int i = 0; i < namesAndNodes.length; i += 2) {
            children.add(
                    new DirectoryNode.Child(FileName.of((String) namesAndNodes[i]), (TreeNode) namesAndNodes[i + 1]));
        }
        children.sort(null);
        return new DirectoryNode(mode, TIME, false, children);
    }

    private static FileNode file() {
        return new FileNode(0644, 0, TIME, Digest.EMPTY);
    }

    private static Tree tree(String layer, DirectoryNode root) throws Exception {
        return new Tree(Manifest.fromBytes(ManifestBuilder.encode(root), layer), layer, Optional.empty());
    }

    private HostMount mount(String source, String target) {
        return new HostMount(host + source, target, false, false, true);
    }

    private static RootPlan plan(List<Tree> trees, List<HostMount> mounts, BindSpec... binds) throws Exception {
        RootPlan plan = new RootPlan(trees, Path.of("/store"), Path.of("/"));
        Profile profile = new Profile(
                "test",
                "",
                OptionalInt.of(0),
                OptionalInt.of(0),
                "velo",
                "/",
                Map.of(),
                List.of(),
                false,
                1 << 20,
                1 << 16,
                mounts,
                Limits.NONE,
                SystemCalls.UNCHANGED);
        plan.plan(profile, List.of(binds));
        return plan;
    }

    @Test
    void theHermeticRootHasProcDevAndTmp() throws Exception {
        RootPlan plan = plan(List.of(tree("farms/a", directory(0755))), List.of());
        assertThat(plan.mounts())
                .containsExactly(
                        MountOp.proc("/proc"),
                        MountOp.dev("/dev", 1 << 16),
                        MountOp.tmpfs("/tmp", 01777, 1 << 20, 1 << 20));
        assertThat(plan.skeleton().keySet()).extracting(TreePath::toString).containsExactly("/dev", "/proc", "/tmp");
    }

    @Test
    void hostDirectoriesAreBoundAndLieUnderManifestsThatHaveThem() throws Exception {
        Tree without = tree("farms/a", directory(0755, "app", file()));
        RootPlan plain = plan(List.of(without), List.of(mount("/usr", "/usr")));
        assertThat(plain.mounts()).contains(MountOp.bind(host + "/usr", "/usr", true, false));

        Tree with = tree("farms/b", directory(0755, "usr", directory(0700, "x", file())));
        RootPlan stacked = plan(List.of(with, without), List.of(mount("/usr", "/usr")));
        assertThat(stacked.mounts()).contains(MountOp.overlay(List.of("farms/b/usr", host + "/usr"), "/usr"));
        assertThat(stacked.skeleton().get(TreePath.parse("usr")).mode()).isEqualTo(0700);
    }

    @Test
    void aManifestsFileWinsOverTheHosts() throws Exception {
        Tree tree = tree("farms/a", directory(0755, "etc", directory(0755, "passwd", file())));
        RootPlan plan = plan(List.of(tree), List.of(mount("/etc/passwd", "/etc/passwd")));
        assertThat(plan.mounts()).noneMatch(mount -> mount.target().equals("/etc/passwd"));
        assertThat(plan(List.of(tree("farms/b", directory(0755))), List.of(mount("/etc/passwd", "/etc/passwd")))
                        .mounts())
                .contains(MountOp.bind(host + "/etc/passwd", "/etc/passwd", true, true));
    }

    @Test
    void aHostLinkIsShownAsALinkUnlessAManifestHasADirectoryThere() throws Exception {
        HostMount bin = new HostMount(host + "/bin", host + "/bin", false, false, true);
        RootPlan plan = plan(List.of(tree("farms/a", directory(0755))), List.of(bin));
        assertThat(plan.skeleton().get(TreePath.parse(host + "/bin")).target()).isEqualTo("usr/bin");

        Tree tree = tree("farms/b", directory(0755, "bin", directory(0755, "sh", file())));
        RootPlan stacked = plan(List.of(tree), List.of(mount("/bin", "/bin")));
        assertThat(stacked.mounts()).contains(MountOp.overlay(List.of("farms/b/bin", host + "/usr/bin"), "/bin"));
    }

    @Test
    void whatTheHostLacksIsAnErrorUnlessOptional() throws Exception {
        List<Tree> trees = List.of(tree("farms/a", directory(0755)));
        assertThatThrownBy(() -> plan(trees, List.of(mount("/none", "/none")))).hasMessageContaining("/none");
        HostMount optional = new HostMount(host + "/none", "/none", false, true, true);
        assertThat(plan(trees, List.of(optional)).mounts()).hasSize(3);
        assertThatThrownBy(() -> plan(trees, List.of(), new BindSpec(host + "/none", "/x", false)))
                .hasMessageContaining("/none");
    }

    @Test
    void bindsComeLastAndHaveTheirMountPoints() throws Exception {
        RootPlan plan = plan(
                List.of(tree("farms/a", directory(0755))),
                List.of(),
                new BindSpec(host + "/etc/passwd", "/data/deep/users", true));
        assertThat(plan.mounts().get(3)).isEqualTo(MountOp.bind(host + "/etc/passwd", "/data/deep/users", false, true));
        assertThat(plan.skeleton().keySet())
                .extracting(TreePath::toString)
                .contains("/data", "/data/deep", "/data/deep/users");
    }
}
