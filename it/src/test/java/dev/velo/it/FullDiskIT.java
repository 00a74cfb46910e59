package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every command on a disk without a free byte or inode: it says so, or needs none, and nothing is lost. */
class FullDiskIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private Path busybox;
    private Path tree;

    @BeforeEach
    void make() {
        Host.needsRoot("mounts a small file system");
        busybox = work.dir("busybox").resolve("tree");
        work.velo("export", work.base().toString(), busybox.toString()).run().succeeds();
        tree = work.tree("echo one >one; echo '#!/bin/sh' >tool; chmod 755 tool; echo more >more");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ingest $tree --output $small/new.velo",
                "ingest $tree --output $out/new.velo",
                "run --isolate --base $small/base.velo --manifest $small/app.velo -- /bin/true",
                "run --isolate --base $small/base.velo --manifest $small/app.velo --output $small/o.velo -- /bin/true",
                "status",
                "gc",
                "gc --run --grace 0s",
                "verify",
                "verify --repair",
                "roots",
                "roots add $out/copy.velo",
                "roots drop $small/app.velo",
                "protect $small/app.velo",
                "inspect $small/app.velo",
                "cat $small/app.velo one",
                "export $small/app.velo $small/exported",
                "export $small/app.velo $out/exported",
                "diff $small/base.velo $small/app.velo"
            })
    void losesNothing(String command) {
        Path out = work.dir("out");
        String script = """
                small=$1; tree=$2; busybox=$3; out=$4
                mount -t tmpfs -o size=12m,nr_inodes=4000 none "$small"; export VR_THE_SOURCE=$small/store
                "$velo" ingest "$busybox" --output "$small/base.velo" >/dev/null
                "$velo" ingest "$tree" --output "$small/app.velo" >/dev/null
                "$velo" run --isolate --base "$small/base.velo" --manifest "$small/app.velo" -- /bin/cat /one
                cp "$small/app.velo" "$out/copy.velo"; cp "$small/app.velo" "$out/before.velo"
                echo unknown to the store >"$tree/unknown"
                cat /dev/zero >"$small/filler" 2>/dev/null || true
                ( i=0; while : 2>/dev/null >"$small/inode-$i"; do i=$((i+1)); done ) 2>/dev/null || true
                set +e
                eval "\\"\\$velo\\" COMMAND" >"$out/stdout" 2>"$out/stderr"; echo "status $?"
                set -e
                # Room again, and all is as it was.
                rm -f "$small"/filler "$small"/inode-*
                "$velo" unprotect "$small/app.velo" >/dev/null 2>&1 || true
                cmp "$small/app.velo" "$out/before.velo"
                "$velo" verify >/dev/null && echo verified
                "$velo" run --isolate --base "$small/base.velo" --manifest "$small/app.velo" -- /bin/cat /one
                ls -A "$small/store/leases" "$small/store/trash" | grep -v : | grep . && echo left || true
                ls -A "$small" | tr '\\n' ' '
                """.replace("COMMAND", command);
        Outcome outcome = work.mounting(script, work.dir("small"), tree, busybox, out)
                .run()
                .succeeds();
        List<String> lines = outcome.out().lines().toList();
        String messages = work.sh(out, "cat stderr").out();
        assertThat(lines).as(outcome + messages).hasSize(5);
        assertThat(lines.get(0)).isEqualTo("one");
        assertThat(lines.get(1)).isIn("status 0", command.startsWith("run") ? "status 125" : "status 1");
        assertThat(lines.subList(2, 4)).containsExactly("verified", "one");
        assertThat(lines.get(4))
                .as("files beside the store")
                .isIn(
                        "app.velo base.velo store ",
                        "app.velo base.velo new.velo store ",
                        "app.velo base.velo o.velo store ",
                        "app.velo base.velo exported store ");
        if (lines.get(1).equals("status 0")) {
            assertThat(messages).isEmpty();
        } else {
            assertThat(messages.lines()).as(messages).hasSize(1);
            assertThat(messages).contains("cannot ", ": ", "; ").doesNotContain("Exception");
            assertThat(lines.get(4)).isEqualTo("app.velo base.velo store ");
        }
    }
}
