package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The same tree gives the same bytes, wherever it lies and however it is read. */
@Tag("once")
class IngestDeterminismIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final String MIXED = """
            mkdir -p a/b/c empty .hidden
            for i in $(seq 300); do echo "file $i" >a/b/f$i; done
            for i in $(seq 50); do echo "twin" >a/t$i; done
            echo x >.hidden/x; : >nothing; ln -s a/b link; ln -s /nowhere dangling; chmod 755 a/b/f7; chmod 600 a/b/f8
            """;

    @Test
    void twoPathsAndDifferentJobsGiveTheSameBytes() throws Exception {
        Path tree = work.tree(MIXED);
        Path copy = work.dir("elsewhere").resolve("copy");
        work.sh(tree, "cp -a . \"$1\"", copy);

        byte[] first = Files.readAllBytes(work.ingest(tree, "--jobs", "1"));
        byte[] again = Files.readAllBytes(work.ingest(tree, "--jobs", "7"));
        byte[] elsewhere = Files.readAllBytes(work.ingest(copy, "--jobs", "3"));
        byte[] rehashed = Files.readAllBytes(work.ingest(copy, "--force-hash"));

        assertThat(again).isEqualTo(first);
        assertThat(elsewhere).isEqualTo(first);
        assertThat(rehashed).isEqualTo(first);
    }

    @Test
    void localeTimeZoneAndUmaskLeaveNoTrace() throws Exception {
        Path tree = work.tree(MIXED);
        byte[] first = Files.readAllBytes(work.ingest(tree));

        Path manifest = work.dir("other").resolve("m.velo");
        work.sh(tree, """
                umask 077
                LC_ALL=POSIX TZ=Asia/Tokyo "$velo" ingest "$1" --output "$2"
                """, tree, manifest);

        assertThat(Files.readAllBytes(manifest)).isEqualTo(first);
    }

    @Test
    void oneNanosecondOneBitAndOneByteEachGiveAnotherManifest() throws Exception {
        Path tree = work.tree("echo one >f; touch -d '2020-01-01T00:00:00.000000001Z' f .");
        byte[] before = Files.readAllBytes(work.ingest(tree));

        work.sh(tree, "touch -d '2020-01-01T00:00:00.000000002Z' f");
        byte[] later = Files.readAllBytes(work.ingest(tree));
        work.sh(tree, "touch -d '2020-01-01T00:00:00.000000001Z' f; chmod g+w f");
        byte[] mode = Files.readAllBytes(work.ingest(tree));
        work.sh(tree, "chmod g-w f; echo two >f; touch -d '2020-01-01T00:00:00.000000001Z' f");
        byte[] content = Files.readAllBytes(work.ingest(tree));

        assertThat(later).isNotEqualTo(before);
        assertThat(mode).isNotEqualTo(before).isNotEqualTo(later);
        assertThat(content).isNotEqualTo(before);
    }

    @Test
    void theDigestIsTheSha256OfTheFile() {
        Path tree = work.tree("echo x >x");
        Path manifest = work.dir("m").resolve("m.velo");
        Outcome ingest = work.velo("ingest", tree.toString(), "--output", manifest.toString(), "--json")
                .run()
                .succeeds();
        String digest =
                work.sh(tree, "sha256sum <\"$1\" | cut -d' ' -f1", manifest).line();

        assertThat(ingest.json().get("digest").getAsString()).contains(digest);
        assertThat(work.ingest(tree)).hasSameBinaryContentAs(manifest);
    }

    @Test
    void deletedFilesLeaveTheManifestAndStaleCachesDoNotDecide() throws Exception {
        Path tree = work.tree("echo one >one; echo two >two");
        work.ingest(tree);
        work.sh(tree, "rm two");
        Path manifest = work.ingest(tree);

        Path out = work.dir("export").resolve("tree");
        work.velo("export", manifest.toString(), out.toString()).run().succeeds();
        assertThat(out.resolve("one")).hasContent("one\n");
        assertThat(out.resolve("two")).doesNotExist();
    }
}
