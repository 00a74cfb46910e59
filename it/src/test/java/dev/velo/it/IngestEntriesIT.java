package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whatever a tree may hold comes back from {@code export} as it was. */
class IngestEntriesIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static void roundTrip(Path tree) {
        Path manifest = work.ingest(tree);
        Path out = work.dir("export").resolve("tree");
        work.velo("export", manifest.toString(), out.toString()).run().succeeds();
        assertThat(Snapshot.of(work, out)).isEqualTo(Snapshot.of(work, tree));
        String differences = work.sh(tree, "rsync -an --checksum --delete -i ./ \"$1\"/", out)
                .out();
        assertThat(differences).isEmpty();
    }

    @Test
    void hiddenAndEmptyEntries() {
        roundTrip(work.tree(
                "mkdir -p .git/objects empty/deeper; : >.env; : >.git/HEAD; : >empty/.keep; mkdir empty/none"));
    }

    @Test
    void anEmptyTree() {
        roundTrip(work.tree("touch -d '2001-02-03T04:05:06.789012345Z' ."));
    }

    @Test
    void namesOfAnyBytes() {
        roundTrip(work.tree("""
                : >"$(printf 'latin-\\351')"; : >"$(printf '\\377\\376')"; mkdir "$(printf 'dir-\\200')"; : >"$(printf 'dir-\\200/\\201')"
                : >'new
                line'; : >' '; : >'-rf'; : >'a\\b'; : >'*?[x]'; : >'"quote'"'"; : >'日本語'; ln -s "$(printf '\\355\\240\\200')" broken-utf8
                """));
    }

    @Test
    void namesOf255Bytes() {
        roundTrip(work.tree("""
                n=$(printf 'x%.0s' $(seq 255)); echo long >"$n"; mkdir "d${n:1}"; : >"d${n:1}/$n"; ln -s "$n" "l${n:1}"
                """));
    }

    @Test
    void deepPaths() {
        roundTrip(work.tree("""
                n=$(printf 'd%.0s' $(seq 100)); p=.; for i in $(seq 35); do p=$p/$n; done; mkdir -p "$p"; echo deep >"$p/file"
                """));
    }

    @Test
    void pathsLongerThanTheKernelTakesAtOnce() {
        Path tree = work.tree("""
                n=$(printf 'd%.0s' $(seq 200)); for i in $(seq 30); do mkdir "$n"; cd "$n"; done; echo deep >file
                """);
        Path manifest = work.ingest(tree);
        Path out = work.dir("export").resolve("tree");
        work.velo("export", manifest.toString(), out.toString()).run().succeeds();
        String content = work.sh(
                        out, "n=$(printf 'd%.0s' $(seq 200)); for i in $(seq 30); do cd \"$n\"; done; cat file")
                .out();
        assertThat(content).isEqualTo("deep\n");
    }

    @Test
    void symbolicLinks() {
        roundTrip(work.tree("""
                mkdir d; : >d/f; ln -s d/f file; ln -s d dir; ln -s /etc/passwd absolute; ln -s ../../.. out; ln -s loop loop
                ln -s missing dangling; ln -s "$(printf 't%.0s' $(seq 4000))" long; touch -h -d '2011-11-11T11:11:11.111111111Z' file
                """));
    }

    @Test
    void modesAndTimes() {
        roundTrip(work.tree("""
                for m in 400 444 500 555 600 640 644 664 666 700 711 750 755 775 777; do echo $m >f$m; chmod $m f$m; done
                for m in 700 711 750 755 775 777 1777 2755; do mkdir d$m; : >d$m/f; chmod $m d$m; done
                echo same >plain; echo same >runs; chmod 755 runs
                touch -d '1970-01-01T00:00:00Z' f400; touch -d '1969-12-31T23:59:58.5Z' f444; touch -d '2100-01-01T00:00:00.999999999Z' f500
                touch -d '1999-12-31T23:59:59.123456789Z' d755 d1777
                """));
    }

    @Test
    void readOnlyDirectories() {
        Path tree = work.tree("mkdir -p r/s; echo x >r/s/f; chmod 555 r/s r");
        roundTrip(tree);
    }

    @Test
    void sparseFiles() {
        Path tree = work.tree("truncate -s 64M sparse; printf end >>sparse; truncate -s 1M hole");
        roundTrip(tree);
        long blocks = Long.parseLong(work.sh(work.store(), "du -sk . | cut -f1").line());
        // Content that is only a hole must not fill the disk.
        assertThat(blocks).as("KiB in the store").isLessThan(16 << 10);
    }

    @Test
    @Tag("once")
    void filesOverFourGibibytes() {
        Path tree = work.tree("truncate -s 4295000000 huge; printf end >>huge");
        Path manifest = work.dir("m").resolve("m.velo");
        work.velo("ingest", tree.toString(), "--output", manifest.toString())
                .within(Duration.ofMinutes(5))
                .run()
                .succeeds();
        String listing = work.velo("inspect", manifest.toString(), "huge")
                .run()
                .succeeds()
                .out();
        String digest = work.sh(tree, "sha256sum huge | cut -d' ' -f1").line();
        assertThat(listing).contains("4295000003").contains(digest);
        String tail =
                work.sh(tree, "\"$velo\" cat \"$1\" huge | tail -c 3", manifest).out();
        assertThat(tail).isEqualTo("end");
    }
}
