package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where the tree is shown, and what a run without a sandbox refuses. */
class ShimPrefixIT {
    @RegisterExtension
    static final GreetingTree greeting = new GreetingTree();

    @Test
    void thePrefixIsTheCallers() {
        Path here = greeting.work().dir("here");
        greeting.run("/bin/cat", "/place/of/mine/hello.txt")
                .with("VRIFT_VFS_PREFIX", "//place/of/mine/")
                .run()
                .prints("hello\n");
        // As a mount would, it hides what is there, and whoever stands there stands in the tree.
        greeting.work().sh(here, "echo host >hello.txt; echo only >only");
        greeting.run("/bin/sh", "-c", "cat hello.txt; test -e only || echo hidden")
                .in(here)
                .with("VRIFT_VFS_PREFIX", here.toString())
                .run()
                .prints("hello\nhidden\n");
    }

    @ParameterizedTest
    @CsvSource({
        "relative, not absolute",
        "/, whole host",
        "//, whole host",
        "/a/../b, '. or ..'",
        "/a/./b, '. or ..'",
        "/etc/passwd, not a directory",
        "/proc/velo, kernel"
    })
    void aPrefixThatCannotBeOneIsRefused(String prefix, String reason) {
        greeting.run("/bin/true").with("VRIFT_VFS_PREFIX", prefix).run().refuses(125, "VRIFT_VFS_PREFIX", reason);
    }

    @Test
    void thePrefixIsNotInTheStoreNorAboveIt() throws IOException {
        for (Path prefix : List.of(
                greeting.work().store(),
                greeting.work().store().resolve("x/y"),
                greeting.work().store().getParent())) {
            greeting.run("/bin/true")
                    .with("VRIFT_VFS_PREFIX", prefix.toString())
                    .run()
                    .refuses(125, "VRIFT_VFS_PREFIX", "store");
        }
        Path link = Files.createSymbolicLink(
                greeting.work().dir("links").resolve("link"), greeting.work().store());
        greeting.run("/bin/true")
                .with("VRIFT_VFS_PREFIX", link + "/below")
                .run()
                .refuses(125, "VRIFT_VFS_PREFIX", "store");
        greeting.nothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--profile=hermetic",
                "--net=none",
                "--bind=/tmp:/x",
                "--hostname=h",
                "--uid=1",
                "--gid=1",
                "--placement=copy",
                "--tty",
                "--tenant=t",
                "--memory=1G",
                "--pids=9",
                "--cpus=1",
                "--disk=1G",
                "--file-size=1G",
                "--max-output=1M",
                "--limits=best-effort"
            })
    void whatTakesASandboxIsRefused(String option) {
        greeting.run(List.of(option), "/bin/true")
                .run()
                .refuses(125, option.replaceAll("=.*", "") + " without --isolate", "add --isolate");
    }

    @Test
    void aLibraryThatIsNotThereIsRefused() throws IOException {
        greeting.run("/bin/true")
                .with("VRIFT_SHIM_PATH", "/nowhere/libvelo-shim.so")
                .run()
                .refuses(125, "/nowhere/libvelo-shim.so", "VRIFT_SHIM_PATH");
        // The dynamic linker warns of what is no library, and goes on.
        Path none = Files.writeString(greeting.work().dir("none").resolve("libvelo-shim.so"), "none");
        Outcome outcome = greeting.run("/bin/true")
                .with("VRIFT_SHIM_PATH", none.toString())
                .run()
                .exits(125);
        assertThat(outcome.err()).contains("velo: cannot load " + none);
        String told = greeting.work()
                .velo("doctor")
                .with("VRIFT_SHIM_PATH", none.toString())
                .run()
                .out();
        assertThat(told).containsPattern("preload-library +no .*" + none + ".*[(]shim-library[)]");
        assertThat(greeting.work().velo("doctor").run().out()).containsPattern("preload-library +yes");
        greeting.nothingIsLeft();
    }
}
