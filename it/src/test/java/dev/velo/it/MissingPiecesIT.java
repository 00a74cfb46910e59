package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Something that is needed is not there: the message names it, and nothing runs on less. */
class MissingPiecesIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    @Test
    void aMissingBlobIsNamedWithItsPath() {
        Path tree = work.tree("mkdir d; echo lost >d/lost; echo here >here");
        Path manifest = work.ingest(tree);
        String digest = work.sh(tree, "sha256sum d/lost | cut -c1-64").line();
        work.sh(work.store(), "rm -f cas/sha256/${1:0:2}/${1:2}", digest);

        work.inside(manifest, "cat /here").run().refuses(125, "d/lost", digest);
        work.velo("cat", manifest.toString(), "d/lost").run().refuses(1, "d/lost", digest);
        Path out = work.dir("export").resolve("tree");
        work.velo("export", manifest.toString(), out.toString()).run().refuses(1, "d/lost", digest);
        assertThat(out).as("half an export").doesNotExist();

        work.velo("ingest", tree.toString(), "--output", manifest.toString())
                .run()
                .succeeds();
        work.inside(manifest, "cat /d/lost").run().prints("lost\n");
    }

    /** Where programs may not be executed, or nothing may be written, as on many hosts. */
    @Test
    void aDirectoryForTemporaryFilesIsNotNeeded() {
        Path manifest = work.ingest(work.tree("echo x >x"));
        Outcome outcome = work.inside(manifest, "cat /x")
                .with("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=/nowhere")
                .run()
                .exits(0);
        assertThat(outcome.out()).isEqualTo("x\n");
        assertThat(outcome.err().lines().filter(line -> line.startsWith("velo")))
                .isEmpty();
    }

    @Test
    void tooFewDescriptors() {
        Path manifest = work.ingest(work.tree("echo x >x"));
        withDescriptors(47, manifest).refuses(125, "ulimit -n");
        withDescriptors(256, manifest).prints("x\n");
    }

    private Outcome withDescriptors(int most, Path manifest) {
        List<String> run = List.of(
                Workspace.VELO.toString(),
                "run",
                "--isolate",
                "--base",
                work.base().toString(),
                "--manifest",
                manifest.toString(),
                "--",
                "/bin/cat",
                "/x");
        List<String> limited = new ArrayList<>(List.of("/bin/bash", "-c", "ulimit -n " + most + "; exec \"$@\"", "sh"));
        limited.addAll(run);
        return work.command(limited).run();
    }

    @Test
    void aMissingBaseOrManifest() {
        Path manifest = work.ingest(work.tree("echo x >x"));
        work.isolated(List.of("--base", "/nowhere/base.velo", "--manifest", manifest.toString()), "/bin/true")
                .run()
                .refuses(125, "/nowhere/base.velo");
        work.isolated(List.of("--manifest", "/nowhere/app.velo"), "/bin/true")
                .run()
                .refuses(125, "/nowhere/app.velo");
    }

    @Test
    void aRootWithoutTheCommand() {
        Path manifest = work.ingest(work.tree("echo x >x"));
        work.isolated(List.of("--manifest", manifest.toString()), "/bin/sh", "-c", "true")
                .run()
                .refuses(127, "/bin/sh");
    }

    @Test
    void aProfileThatIsNotThereOrWrong() throws Exception {
        Path manifest = work.base();
        work.isolated(List.of("--manifest", manifest.toString(), "--profile", "frobnicate"), "/bin/true")
                .run()
                .refuses(125, "frobnicate");
        Path profile = work.dir("profile").resolve("wrong.yaml");
        Files.writeString(profile, "name: wrong\nfrobnicate: true\n");
        Outcome outcome = work.isolated(
                        List.of("--manifest", manifest.toString(), "--profile", profile.toString()), "/bin/true")
                .run()
                .refuses(125, profile.toString(), "frobnicate");
        assertThat(outcome.err()).as("the line in the profile").contains("2");
    }

    @Test
    void anExistingTargetIsNotOverwritten() throws Exception {
        Path manifest = work.ingest(work.tree("echo x >x"));
        Path full = work.dir("full");
        Files.writeString(full.resolve("precious"), "precious");
        work.velo("export", manifest.toString(), full.toString()).run().refuses(1, full.toString());
        assertThat(full.resolve("precious")).hasContent("precious");
    }

    @Test
    void aFileInTheWayIsCalledAFile() throws Exception {
        Path manifest = work.ingest(work.tree("echo x >x"));
        Path file = work.dir("file").resolve("file");
        Files.writeString(file, "precious");
        work.velo("export", manifest.toString(), file.toString()).run().refuses(1, file.toString(), "not a directory");
        work.velo("status", "--store", file.toString()).run().refuses(1, file.toString(), "not a directory");
        assertThat(file).hasContent("precious");
        // Refused before anything is registered: a root in that place would be reported for ever.
        work.velo("ingest", work.tree("echo y >y").toString(), "--output", "/dev/null")
                .run()
                .refuses(1, "/dev/null");
        assertThat(work.velo("roots").run().succeeds().out()).doesNotContain("/dev/null");
        work.velo("verify").run().succeeds();
    }

    @Test
    void anotherUsersStoreIsRefused() {
        Host.needsRoot("a store that belongs to somebody else");
        Path tree = work.tree("echo x >x; chmod 755 .");
        work.ingest(tree);
        Outcome outcome = work.command(List.of(
                        "setpriv",
                        "--reuid=54399",
                        "--regid=54399",
                        "--clear-groups",
                        Workspace.VELO.toString(),
                        "status"))
                .run();
        assertThat(outcome.exit()).isNotZero();
        assertThat(outcome.err()).isNotBlank().doesNotContain("Exception", "\tat dev");
    }
}
