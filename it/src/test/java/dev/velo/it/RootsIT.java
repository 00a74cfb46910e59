package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Which manifests keep contents in the store, and how a user changes that. */
class RootsIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private String blobs() {
        return work.sh(work.store(), "find cas -type f | wc -l").line();
    }

    private void collect() {
        work.velo("gc", "--run", "--grace", "0s").run().succeeds();
    }

    @Test
    void listsWhatBecameOfEach() throws Exception {
        Path present = work.ingest(work.tree("echo 1 >f"));
        Path changed = work.ingest(work.tree("echo 2 >f"));
        Path missing = work.ingest(work.tree("echo 3 >f"));
        Path damaged = work.ingest(work.tree("echo 4 >f"));
        Files.copy(present, changed, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        Files.delete(missing);
        Files.writeString(damaged, "x");
        assertThat(work.velo("roots").run().succeeds().out().lines().map(line -> line.substring(66)))
                .containsExactlyInAnyOrder(
                        "present  " + present, "changed  " + changed, "missing  " + missing, "unreadable  " + damaged);
        var json = work.velo("roots", "--json").run().succeeds().json();
        assertThat(json.getAsJsonArray("roots")).hasSize(4);
        assertThat(json.getAsJsonArray("roots").get(0).getAsJsonObject().keySet())
                .containsExactly("path", "digest", "state", "protected");
    }

    @Test
    void whatIsDroppedIsCollectedAndWhatIsAddedIsKept() throws Exception {
        Path manifest = work.ingest(work.tree("echo content >f"));
        Path moved = work.dir("moved").resolve("m.velo");
        Files.copy(manifest, moved);
        work.velo("roots", "add", moved.toString()).run().prints("");
        Files.delete(manifest);
        collect();
        assertThat(blobs()).as("kept by the copy").isEqualTo("1");

        work.velo("roots", "drop", moved.toString()).run().prints("");
        assertThat(work.velo("roots").run().succeeds().out()).isEmpty();
        collect();
        assertThat(blobs()).isEqualTo("0");
        assertThat(moved).exists();
        work.velo("roots", "drop", moved.toString()).run().refuses(1, "no such root");
    }

    @Test
    void byDigestAllPathsGo() throws Exception {
        Path tree = work.tree("echo content >f");
        Path one = work.ingest(tree);
        Path two = work.ingest(tree);
        String digest = work.sh(tree, "sha256sum \"$1\" | cut -c1-64", one).line();
        assertThat(work.velo("roots").run().out()).contains(one.toString(), two.toString());
        work.velo("roots", "drop", digest).run().prints("");
        assertThat(work.velo("roots").run().succeeds().out()).isEmpty();
    }

    @Test
    void whatIsNoManifestIsNotAdded() throws Exception {
        work.ingest(work.tree("echo content >f"));
        Path garbage = work.dir("g").resolve("g.velo");
        Files.writeString(garbage, "garbage");
        work.velo("roots", "add", garbage.toString()).run().refuses(1, garbage.toString());
        work.velo("roots", "add", garbage + "x").run().refuses(1, garbage + "x");
    }

    @Test
    void aManifestWhoseContentsAreGoneIsNotKept() {
        Path manifest = work.ingest(work.tree("echo one >one"));
        Path elsewhere = work.dir("m").resolve("copy.velo");
        work.sh(manifest.getParent(), "mv \"$1\" \"$2\"", manifest, elsewhere);
        work.velo("roots", "drop", manifest.toString()).run().succeeds();
        work.velo("gc", "--run", "--grace", "0s").run().succeeds();
        work.velo("roots", "add", elsewhere.toString())
                .run()
                .refuses(1, "cannot keep the contents of " + elsewhere, "lacks 1 of them, first that of /one");
        work.velo("verify").run().succeeds();
    }
}
