package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** No act of a payload, as root of its namespace, reaches the store: it happens in the run's own layer or not at all. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WritesInsideIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    /** What the kernel refuses for its own reasons; everything else must work as on a disk of one's own. */
    private static final Map<String, List<String>> REFUSED = Map.of(
            "lchown-other", List.of("EINVAL", "EPERM"),
            "rename-directory", List.of("EXDEV"),
            "setflags", List.of("ok", "EPERM", "ENOTTY", "EOPNOTSUPP"),
            "setxattr-overlay", List.of("ok", "EPERM", "EOPNOTSUPP", "ENOTSUP"),
            "exchange", List.of("ok", "EINVAL"));

    private Path manifest;

    @BeforeAll
    void ingest() {
        Host.needsTool("gcc");
        Path source = Workspace.REPOSITORY.resolve("it/target/test-classes/writes.c");
        Path tree = work.tree("""
                mkdir -p data/d01 data/d02/deep; echo x >data/d02/deep/x
                for i in $(seq -w 40); do echo "original $i" >data/f$i; done
                for i in 01 05 09 12 22 27; do chmod 755 data/f$i; done
                """);
        work.sh(tree, "gcc -std=c11 -static -O1 -o writes \"$1\"; cp writes outside-copy", source);
        manifest = work.ingest(tree);
    }

    private Map<String, String> attempt(String placement, String mode) {
        String out = work.inside(placement, manifest, "/writes " + mode + " /data")
                .run()
                .succeeds()
                .out();
        Map<String, String> results = new TreeMap<>();
        out.lines().forEach(line -> results.put(line.split(" ")[0], line.split(" ")[1]));
        assertThat(results).hasSizeGreaterThan(30);
        results.remove("used");
        return results;
    }

    /** A file of a farm shows mode 0444 or 0555, and a payload has no capabilities: first it must make the file writable. */
    @ParameterizedTest
    @ValueSource(strings = {"auto", "copy", "metadata"})
    void everyKindOfWriteWorksInsideAndStaysInTheRun(String placement) {
        attemptAndCompare(placement, "writable")
                .forEach((kind, result) -> assertThat(REFUSED.getOrDefault(kind, List.of("ok")))
                        .as(kind)
                        .contains(result));
    }

    @Test
    void writesToFilesAsTheyAreStayInTheRunOrAreDenied() {
        Map<String, String> results = attemptAndCompare("auto", "as-is");
        results.forEach((kind, result) -> {
            if (!result.equals("EACCES")) {
                assertThat(REFUSED.getOrDefault(kind, List.of("ok"))).as(kind).contains(result);
            }
        });
        assertThat(results).containsEntry("append", "EACCES").containsEntry("unlink", "ok");
    }

    /** Files show the manifest's own modes, so no chmod is needed before. */
    @Test
    void writesToMetadataFilesAsTheyAreStayInTheRun() {
        attemptAndCompare("metadata", "as-is")
                .forEach((kind, result) -> assertThat(REFUSED.getOrDefault(kind, List.of("ok")))
                        .as(kind)
                        .contains(result));
    }

    private Map<String, String> attemptAndCompare(String placement, String mode) {
        // The first run builds the farm: from here on link counts must stand still.
        String listing =
                "cd /data && find . -type f | sort | xargs sha256sum && find . -exec stat -c '%n %a %F' {} + | sort";
        String tree = work.inside(placement, manifest, listing).run().succeeds().out();
        String before = Snapshot.ofInodes(work, work.store(), "cas", "exec", "farms");
        Map<String, String> results = attempt(placement, mode);
        assertThat(Snapshot.ofInodes(work, work.store(), "cas", "exec", "farms"))
                .isEqualTo(before);
        assertThat(work.inside(placement, manifest, listing).run().succeeds().out())
                .isEqualTo(tree);
        work.velo("verify").run().succeeds();
        return results;
    }

    /** The positive control: outside, on files of one's own, all of it changes the files. */
    @Test
    void theSameProgramChangesFilesOutside() throws Exception {
        Path out = work.dir("export").resolve("tree");
        work.velo("export", manifest.toString(), out.toString()).run().succeeds();
        work.sh(out, "chmod -R u+w data; ./writes as-is \"$PWD/data\"");
        assertThat(Files.readString(out.resolve("data/f01"))).startsWith("Wriginal");
    }

    @Test
    void writesAreSeenByThePayloadItself() {
        work.inside(
                        manifest,
                        "chmod 644 /data/f33; echo more >>/data/f33; cat /data/f33; chmod 700 /data/f34; stat -c %a /data/f34")
                .run()
                .prints("original 33\nmore\n700\n");
    }

    @Test
    void twoRunsAtOnceDoNotSeeEachOther() {
        String script = "chmod 644 /data/f35; echo $1 >/data/f35; sleep 1; cat /data/f35";
        var one = work.inside(manifest, "set one; " + script).start();
        var two = work.inside(manifest, "set two; " + script).start();
        one.await().prints("one\n");
        two.await().prints("two\n");
    }
}
