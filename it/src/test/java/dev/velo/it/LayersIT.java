package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Manifests stack: what comes later is on top, bases lie below. */
@Tag("once")
class LayersIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    @Test
    void theLastOneWins() {
        Path one = work.ingest(work.tree(
                "mkdir d; echo one >f; echo one >d/only-one; echo one >d/both; echo one >kind; ln -s one link"));
        Path two = work.ingest(
                work.tree("mkdir d; echo two >f; echo two >d/only-two; echo two >d/both; mkdir kind; echo two >link"));
        String show = "cat /f /d/only-one /d/only-two /d/both /link; test -d /kind && echo directory";
        work.isolated(layers(one, two), "/bin/sh", "-c", show).run().prints("two\none\ntwo\ntwo\ntwo\ndirectory\n");
        work.isolated(layers(two, one), "/bin/sh", "-c", "cat /f /kind; readlink /link")
                .run()
                .prints("one\none\none\n");
    }

    @Test
    void oneManifestMayStandTwice() {
        Path app = work.ingest(work.tree("mkdir -p usr/bin; echo a >a; echo b >usr/bin/b"));
        work.isolated(layers(app, app), "/bin/cat", "/a").run().prints("a\n");
        work.isolated(
                        List.of(
                                "--base",
                                work.base().toString(),
                                "--manifest",
                                work.base().toString()),
                        "/bin/echo",
                        "x")
                .run()
                .prints("x\n");
        work.isolated(
                        List.of("--profile", "host-tools", "--manifest", app.toString(), "--manifest", app.toString()),
                        "cat",
                        "/usr/bin/b")
                .run()
                .prints("b\n");
    }

    @Test
    void basesLieBelowWhateverTheOrderOfTheArguments() {
        Path own = work.ingest(work.tree("mkdir etc; echo mine >etc/passwd"));
        work.isolated(
                        List.of(
                                "--manifest",
                                own.toString(),
                                "--base",
                                work.base().toString()),
                        "/bin/cat",
                        "/etc/passwd",
                        "/etc/group")
                .run()
                .prints("mine\nroot:x:0:\nnogroup:x:65534:\n");
    }

    @Test
    void fortyFiveLayers() {
        List<String> options = new ArrayList<>(List.of("--base", work.base().toString()));
        for (int i = 1; i <= 45; i++) {
            options.addAll(List.of(
                    "--manifest",
                    work.ingest(work.tree("echo %d >f%d; echo %d >top".formatted(i, i, i)))
                            .toString()));
        }
        work.isolated(options, "/bin/sh", "-c", "cat /top; cat /f* | wc -l; cat /f1 /f23 /f45")
                .run()
                .prints("45\n45\n1\n23\n45\n");
    }

    @Test
    void pathsWithCommaColonBackslashAndSpace() throws Exception {
        Path odd = work.dir("odd").resolve("a,b:c\\d e'f\"g=h");
        Files.createDirectories(odd);
        Path tree = odd.resolve("tree,lowerdir=/etc:x");
        Files.createDirectories(tree);
        Files.writeString(tree.resolve("f,i:l\\e n"), "odd\n");
        Path base = odd.resolve("base,upperdir=x:.velo");
        Files.copy(work.base(), base);
        Path manifest = odd.resolve("m,:\\ .velo");
        String store = odd.resolve("store,:\\ ").toString();
        Path busybox = odd.resolve("own base:,");
        work.velo("export", base.toString(), busybox.toString()).run().succeeds();
        work.velo("--version").run().succeeds();
        work.velo("ingest", busybox.toString(), "--output", base.toString())
                .with("VR_THE_SOURCE", store)
                .run()
                .succeeds();
        work.velo("ingest", tree.toString(), "--output", manifest.toString())
                .with("VR_THE_SOURCE", store)
                .run()
                .succeeds();
        work.isolated(
                        List.of("--base", base.toString(), "--manifest", manifest.toString()),
                        "/bin/sh",
                        "-c",
                        "cat '/f,i:l\\e n'; chmod u+w '/f,i:l\\e n'; echo more >>'/f,i:l\\e n'; cat '/f,i:l\\e n'")
                .with("VR_THE_SOURCE", store)
                .in(odd)
                .run()
                .prints("odd\nodd\nmore\n");
    }

    @Test
    void aLinkInALayerLeadsNowhereOutside() throws Exception {
        Path target = work.dir("target");
        Path tree = work.tree("ln -s '" + target + "' escape; ln -s / root; ln -s /proc/1/root up");
        Path other = work.ingest(work.tree("mkdir escape; echo planted >escape/planted"));
        work.isolated(
                        layers(work.ingest(tree), other),
                        "/bin/sh",
                        "-c",
                        "cat /escape/planted; echo x >/root/new; ls /root/new")
                .run()
                .prints("planted\n/root/new\n");
        try (var files = Files.list(target)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void anImageThatShipsLinksInPlaceOfMountPointsStillRuns() {
        Path tree = work.tree("ln -s /etc proc; ln -s /etc dev; ln -s /etc tmp; echo x >run");
        work.inside(work.ingest(tree), "test -r /proc/self/status && test -c /dev/null && echo ok; ls /etc | wc -l")
                .run()
                .prints("ok\n2\n");
    }

    private static List<String> layers(Path... manifests) {
        List<String> options = new ArrayList<>(List.of("--base", work.base().toString()));
        for (Path manifest : manifests) {
            options.addAll(List.of("--manifest", manifest.toString()));
        }
        return options;
    }
}
