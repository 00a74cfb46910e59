package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.ManifestBuilder;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.Timestamp;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Manifests with whiteouts and opaque directories hide the same under every placement. Such manifests are made by hand here. */
class MetadataLayersIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static DirectoryNode.Child child(String name, TreeNode node) {
        return new DirectoryNode.Child(FileName.of(name), node);
    }

    private static DirectoryNode directory(boolean opaque, DirectoryNode.Child... children) {
        List<DirectoryNode.Child> sorted = new ArrayList<>(List.of(children));
        sorted.sort(null);
        return new DirectoryNode(0755, new Timestamp(1, 2), opaque, sorted);
    }

    private static FileNode file(String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        return new FileNode(0644, bytes.length, new Timestamp(3, 4), Digest.of(bytes));
    }

    private static Path manifest(DirectoryNode root) throws Exception {
        return Files.write(work.dir("made").resolve("m.velo"), ManifestBuilder.encode(root));
    }

    private static List<String> options(String placement, Path... manifests) {
        List<String> options = new ArrayList<>(
                List.of("--placement", placement, "--base", work.base().toString()));
        for (Path manifest : manifests) {
            options.addAll(List.of("--manifest", manifest.toString()));
        }
        return options;
    }

    @ParameterizedTest
    @ValueSource(strings = {"hardlink", "copy", "metadata"})
    void whiteoutsAndOpaqueDirectories(String placement) throws Exception {
        Path lower = work.ingest(work.tree("""
                mkdir -p w/deep/er o/below r; echo a >w/gone; echo b >w/kept; echo c >w/deep/er/gone; echo d >o/hidden; echo e >o/below/hidden
                echo f >r/x; echo g >top-gone; echo middle >middle
                """));
        work.ingest(work.tree("echo new >new"));
        Path middle = manifest(directory(
                false,
                child("top-gone", new WhiteoutNode()),
                child(
                        "w",
                        directory(
                                false,
                                child("gone", new WhiteoutNode()),
                                child(
                                        "deep",
                                        directory(
                                                false,
                                                child("er", directory(false, child("gone", new WhiteoutNode()))))))),
                child(
                        "o",
                        directory(
                                true,
                                child("hidden", new WhiteoutNode()),
                                child("new", file("new\n")),
                                child("below", directory(false))))));
        Path top = manifest(directory(false, child("middle", file("new\n")), child("w", directory(false))));
        String show = "cd /; find w o r middle top-gone 2>/dev/null | sort; cat middle w/kept o/new r/x";
        work.isolated(options(placement, lower, middle, top), "/bin/sh", "-c", show)
                .run()
                .prints("""
                        middle
                        o
                        o/below
                        o/new
                        r
                        r/x
                        w
                        w/deep
                        w/deep/er
                        w/kept
                        new
                        b
                        new
                        f
                        """);
        work.velo("verify").run().succeeds();
    }

    @Test
    void twelveLayersOfMetadata() throws Exception {
        List<Path> manifests = new ArrayList<>();
        for (int i = 1; i <= 12; i++) {
            manifests.add(work.ingest(work.tree("echo %d >f%d; echo %d >top".formatted(i, i, i))));
        }
        work.isolated(
                        options("metadata", manifests.toArray(Path[]::new)),
                        "/bin/sh",
                        "-c",
                        "cat /top; cat /f* | wc -l; cat /f1 /f12")
                .run()
                .prints("12\n12\n1\n12\n");
    }

    /** The kernel takes no notice of that mark on the root of a layer, nor of one on a directory whose content is mounted from elsewhere. */
    @ParameterizedTest
    @ValueSource(strings = {"hardlink", "metadata"})
    void opaqueRootsAndOpaqueMountPoints(String placement) throws Exception {
        Path lower = work.ingest(
                work.tree("mkdir -p usr/lib own; echo low >low; echo low >usr/lib/velo-low; echo low >own/low"));
        work.ingest(work.tree("echo new >new"));
        Path root = manifest(directory(true, child("up", file("new\n"))));
        Path usr = manifest(directory(false, child("usr", directory(true, child("velo-up", file("new\n"))))));
        Path result = work.dir("out").resolve("r.velo");
        List<String> options = new ArrayList<>(List.of("--placement", placement, "--profile", "host-tools"));
        List<String> hidden = new ArrayList<>(options);
        hidden.addAll(
                List.of("--manifest", lower.toString(), "--manifest", root.toString(), "--output", result.toString()));
        work.isolated(
                        hidden,
                        "sh",
                        "-c",
                        "cat /up; for f in /low /own /usr/lib/velo-low; do test -e $f && echo sees $f; done; echo x >/z")
                .run()
                .prints("new\n");
        assertThat(work.velo("diff", root.toString(), result.toString()).run().out())
                .contains("A /z")
                .doesNotContain("low");
        options.addAll(List.of("--manifest", lower.toString(), "--manifest", usr.toString()));
        work.isolated(
                        options,
                        "sh",
                        "-c",
                        "cat /usr/velo-up /low; test -e /usr/lib/velo-low || test ! -x /usr/bin/env || echo hidden")
                .run()
                .prints("new\nlow\nhidden\n");
    }
}
