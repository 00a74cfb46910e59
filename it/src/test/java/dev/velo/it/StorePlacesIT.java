package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Stores on file systems that are read-only, full, or not where the user works. Mounts are made in a namespace of the test's own. */
class StorePlacesIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private Outcome mounted(String script, Object... arguments) {
        return work.mounting(script, arguments).run();
    }

    @Test
    void aReadOnlyStoreIsNamed() {
        Host.needsRoot("mounts a store read-only");
        Path tree = work.tree("echo x >x");
        Path manifest = work.base();
        String store = work.store().toString();
        String readOnly = "mount --bind \"$1\" \"$1\"; mount -o remount,ro,bind \"$1\"\n";
        Path unmade = work.dir("m").resolve("m.velo");
        mounted(readOnly + "echo new >\"$2/new\"; exec \"$velo\" ingest \"$2\" --output \"$3\"", store, tree, unmade)
                .refuses(1, store);
        assertThat(unmade).doesNotExist();
        mounted(readOnly + "exec \"$velo\" run --isolate --manifest \"$2\" -- /bin/true", store, manifest)
                .refuses(125, store);
        mounted(readOnly + "exec \"$velo\" inspect \"$2\"", store, manifest).succeeds();
        mounted("exec \"$velo\" run --isolate --manifest \"$2\" -- /bin/true", store, manifest)
                .succeeds();
    }

    @Test
    void aFullStoreStaysAsItWas() {
        Host.needsRoot("mounts a small file system");
        Path small = work.tree("echo small >small");
        Path big = work.tree("for i in $(seq 40); do head -c 200000 /dev/urandom >f$i; done");
        Path out = work.dir("out");
        Outcome outcome = mounted("""
                mount -t tmpfs -o size=2m none "$1"; export VR_THE_SOURCE=$1/store
                state() { (cd "$1/store" && find . -path ./leases -prune -o -type f -printf '%p %m %s %n\\n' | LC_ALL=C sort); }
                "$velo" ingest "$2" --output "$4/small.velo" >/dev/null
                state "$1" >"$4/before"
                set +e
                "$velo" ingest "$3" --output "$4/big.velo" >"$4/stdout" 2>"$4/stderr"; echo "status $?"
                set -e
                state "$1" >"$4/after"
                ls -A "$1/store/leases" | sed 's/^/left: /'
                "$velo" verify >/dev/null && echo verified
                echo another >"$2/another"; "$velo" ingest "$2" --output "$4/again.velo" >/dev/null && echo again
                """, work.dir("mount"), small, big, out).succeeds();
        assertThat(outcome.out()).isEqualTo("status 1\nverified\nagain\n");
        assertThat(out.resolve("after")).hasSameTextualContentAs(out.resolve("before"));
        assertThat(out.resolve("big.velo")).doesNotExist();
        assertThat(out.resolve("stderr")).content().contains("cannot ").doesNotContain("Exception");
    }

    /** A full disk is when a collection is wanted most; so it must need no space. */
    @Test
    void aCollectionMakesRoomOnAFullDisk() {
        Host.needsRoot("mounts a small file system");
        Path big = work.tree("for i in $(seq 8); do head -c 200000 /dev/urandom >f$i; done");
        Path out = work.dir("out");
        Outcome outcome = mounted("""
                mount -t tmpfs -o size=3m,nr_inodes=2000 none "$1"; export VR_THE_SOURCE=$1/store
                "$velo" ingest "$2" --output "$3/big.velo" >/dev/null
                cat /dev/zero >"$1/filler" 2>/dev/null || true
                ( i=0; while : 2>/dev/null >"$1/inode-$i"; do i=$((i+1)); done ) 2>/dev/null || true
                "$velo" gc --run --grace 0s >/dev/null && echo nothing to collect
                rm "$3/big.velo"
                "$velo" gc --run --grace 0s >/dev/null && echo collected
                find "$1/store/cas" -type f | wc -l
                """, work.dir("mount"), big, out).succeeds();
        assertThat(outcome.out()).isEqualTo("nothing to collect\ncollected\n0\n");
    }

    @Test
    void aStoreOnAnotherFileSystemThanTheTree() throws Exception {
        Path memory = Path.of("/dev/shm");
        Assumptions.assumeTrue(Files.isWritable(memory), "needs a writable /dev/shm");
        Path place = Files.createTempDirectory(memory, "velo-it-");
        try {
            String store = place.resolve("store").toString();
            Path tree = work.tree("echo far >far");
            Path busybox = work.dir("busybox").resolve("tree");
            work.velo("export", work.base().toString(), busybox.toString())
                    .run()
                    .succeeds();
            Path manifest = work.dir("m").resolve("m.velo");
            work.sh(tree, "cp far \"$1/far\"", busybox);
            work.velo("ingest", busybox.toString(), "--output", manifest.toString(), "--store", store)
                    .run()
                    .succeeds();
            work.isolated(
                            List.of("--store", store, "--manifest", manifest.toString()),
                            "/bin/sh",
                            "-c",
                            "cat /far; rm -rf /etc; mkdir /etc; chmod u+w /far; echo x >>/far; ls -A /etc; cat /far")
                    .run()
                    .prints("far\nfar\nx\n");
            work.velo("verify", "--store", store).run().succeeds();
        } finally {
            work.sh(memory, "chmod -R u+rwX \"$1\"; rm -rf \"$1\"", place);
        }
    }

    @Test
    void aFullOutputLeavesNoHalfManifest() {
        Host.needsRoot("mounts a small file system");
        Path tree = work.tree("for i in $(seq 3000); do : >\"a-rather-long-name-for-an-empty-file-$i\"; done");
        Path place = work.dir("mount");
        Outcome outcome = mounted("""
                mount -t tmpfs -o size=64k none "$1"
                "$velo" ingest "$2" --output "$1/m.velo" 2>&1 || echo "status $?"; ls -A "$1" | wc -l
                """, place, tree);
        assertThat(outcome.out()).contains("cannot ", "status 1\n0\n").doesNotContain("Exception");
    }
}
