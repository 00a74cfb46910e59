package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.FileName;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.ManifestBuilder;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.Timestamp;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The store, its farms and the runs' own layers on file systems of five kinds, made for the test: what each can do, and that it does it. */
class FilesystemsIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final List<String> PLACEMENTS = List.of("hardlink", "reflink", "copy", "metadata", "auto");

    private enum Filesystem {
        TMPFS("mount -t tmpfs -o size=128m none $at", false, true),
        EXT4("mkfs.ext4 -q $image; mount -o loop $image $at", false, true),
        XFS("mkfs.xfs -q $image; mount -o loop $image $at", true, true),
        BTRFS("mkfs.btrfs -q $image >/dev/null; mount -o loop $image $at", true, true),
        OVERLAY(
                "mount -t tmpfs -o size=128m none $at; mkdir $at/lower $at/upper $at/work"
                        + "; mount -t overlay -o lowerdir=$at/lower,upperdir=$at/upper,workdir=$at/work none $at",
                false,
                false);

        private final String mount;
        private final boolean clones;
        private final boolean metadata;

        Filesystem(String mount, boolean clones, boolean metadata) {
            this.mount = mount;
            this.clones = clones;
            this.metadata = metadata;
        }

        boolean can(String placement) {
            return switch (placement) {
                case "reflink" -> clones;
                case "metadata" -> metadata;
                default -> true;
            };
        }

        void needed() {
            Host.needsRoot("mounts a file system of its own");
            if (mount.startsWith("mkfs")) {
                Host.needsTool(mount.substring(0, mount.indexOf(' ')));
            }
        }
    }

    private Outcome on(Filesystem filesystem, String script, Object... arguments) {
        String mounted = "image=$1/image; at=$1/at; mkdir $at; truncate -s 400M $image\n" + filesystem.mount
                + "\nexport VR_THE_SOURCE=$at/store\n" + script;
        List<Object> all = new ArrayList<>(List.of(work.dir("place")));
        all.addAll(List.of(arguments));
        return work.mounting(mounted, all.toArray()).run().succeeds();
    }

    private Path busybox() {
        Path busybox = work.dir("busybox").resolve("tree");
        work.velo("export", work.base().toString(), busybox.toString()).run().succeeds();
        return busybox;
    }

    @ParameterizedTest
    @EnumSource
    void everyPlacement(Filesystem filesystem) {
        filesystem.needed();
        Path tree = work.tree("""
                mkdir d gone; echo one >d/one; chmod 640 d/one; echo three >d/three; echo old >gone/old; head -c 3000000 /dev/urandom >big
                printf '#!/bin/sh\\necho tool\\n' >tool; chmod 755 tool; : >empty; ln -s d/one link
                find . -exec touch -h -d 2011-02-03T04:05:06.123456789Z {} +
                """);
        Path out = work.dir("out");
        Outcome outcome = on(filesystem, """
                out=$4
                "$velo" ingest "$2" --output "$out/base.velo" >/dev/null
                "$velo" ingest "$3" --output "$out/app.velo" >/dev/null
                "$velo" ingest "$3" --output "$out/again.velo" >/dev/null; cmp "$out/app.velo" "$out/again.velo"
                (cd "$at/store" && find cas exec -type f -exec sha256sum {} + | LC_ALL=C sort) >"$out/blobs"
                for placement in hardlink reflink copy metadata auto; do
                  echo "== $placement"
                  status=0
                  "$velo" run --isolate --placement $placement --base "$out/base.velo" --manifest "$out/app.velo" --output "$out/$placement.velo" \\
                    -- /bin/sh -c 'cat /link; stat -c "%a %s %Y" /d/one; /tool; wc -c </big; wc -c </empty
                        chmod u+w /d/one; echo two >>/d/one; rm -r /gone; mkdir /gone; ls -A /gone; mv /d/three /d/four; mv /d /e; cat /e/one
                        chmod u+w /big; echo big >>/big; ln -s /e/one /gone/new' 2>"$out/$placement.err" || status=$?
                  echo "status $status"
                  [ ! -e "$out/$placement.velo" ] || "$velo" diff "$out/app.velo" "$out/$placement.velo" | grep -E ' /(d|e|gone|big|tool|link|empty)(/|$)' || true
                done
                echo "== after"
                if filefrag -v "$at"/store/farms/*-reflink/tree/big 2>/dev/null | grep -q shared; then echo shared; fi
                (cd "$at/store" && find cas exec -type f -exec sha256sum {} + | LC_ALL=C sort) >"$out/blobs-2"
                LC_ALL=C comm -23 "$out/blobs" "$out/blobs-2"
                "$velo" verify >/dev/null && echo verified
                rm "$out"/*.velo
                "$velo" gc --run --grace 0s >/dev/null; "$velo" gc --run --grace 0s >/dev/null
                find "$at/store/cas" "$at/store/exec" "$at/store/farms" "$at/store/leases" "$at/store/trash" -mindepth 1 ! -path '*/sha256*' | wc -l
                find "$at/store/cas" -type f | wc -l
                """, busybox(), tree, out);
        String errors = work.sh(out, "tail -n 5 *.err").out();
        assertThat(outcome.out())
                .as(filesystem + ": " + errors)
                .isEqualTo(PLACEMENTS.stream()
                                .map(placement -> "== " + placement + "\n" + expected(filesystem, placement))
                                .collect(Collectors.joining())
                        + "== after\n" + (filesystem.clones ? "shared\n" : "") + "verified\n0\n0\n");
        for (String placement : PLACEMENTS) {
            String message = work.sh(out, "cat " + placement + ".err").out();
            if (!filesystem.can(placement)) {
                assertThat(message)
                        .contains("cannot place files by " + placement, "; leave the choice to --placement auto");
            } else if (filesystem == Filesystem.OVERLAY) {
                assertThat(message.lines()).hasSize(1);
                assertThat(message).contains("warning", "memory");
            } else {
                assertThat(message).isEmpty();
            }
        }
    }

    private static String expected(Filesystem filesystem, String placement) {
        if (!filesystem.can(placement)) {
            return "status 125\n";
        }
        String seen = placement.equals("metadata") ? "640 4 1296705906" : "444 4 946684800";
        return "one\n" + seen + """

                tool
                3000000
                0
                one
                two
                status 0
                M /big
                D /d
                D /d/one
                D /d/three
                A /e
                A /e/four
                A /e/one
                m /gone
                A /gone/new
                D /gone/old
                """;
    }

    /** ext4 allows an inode 65,000 links. */
    @Test
    void aContentWithMoreNamesThanAnInodeMayHave() {
        Filesystem.EXT4.needed();
        Path tree = work.tree("""
                mkdir 1; for i in $(seq 1000); do echo same >1/f$i; done
                for d in $(seq 2 66); do cp -r 1 $d; done
                """);
        Outcome outcome = on(Filesystem.EXT4, """
                out=$4
                "$velo" ingest "$2" --output "$out/base.velo" >/dev/null
                "$velo" ingest "$3" --output "$out/app.velo" >/dev/null
                "$velo" run --isolate --base "$out/base.velo" --manifest "$out/app.velo" -- /bin/sh -c 'find /1 /66 -type f -exec cat {} + | sort | uniq -c'
                cd "$at/store"
                blob=$(find cas -type f -size 5c -links +1000); cat "$blob"; stat -c '%h %a %Y' "$blob"
                find farms -type f -size 5c -printf '%i %m\n' | sort | uniq -c | awk '{ print $1, $3 }' | sort -n
                touch "$3/another"; "$velo" ingest "$3" --output "$out/app.velo" >/dev/null
                "$velo" run --isolate --base "$out/base.velo" --manifest "$out/app.velo" -- /bin/cat /66/f1000
                find farms -type f -size 5c -printf '%i\n' | sort | uniq -c | wc -l
                "$velo" verify >/dev/null && echo verified
                """, busybox(), tree, work.dir("out"));
        assertThat(outcome.out()).isEqualTo("""
                   2000 same
                same
                1002 444 946684800
                1001 444
                64999 444
                same
                3
                verified
                """);
    }

    /** An overlay makes no devices, which are what whiteouts are elsewhere. */
    @ParameterizedTest
    @EnumSource(names = {"EXT4", "OVERLAY"})
    void whiteouts(Filesystem filesystem) throws Exception {
        filesystem.needed();
        Path tree = work.tree("mkdir d; echo kept >d/kept; echo hidden >d/hidden; echo top >top");
        DirectoryNode hiding = new DirectoryNode(
                0755,
                new Timestamp(1, 2),
                false,
                List.of(
                        new DirectoryNode.Child(
                                FileName.of("d"),
                                new DirectoryNode(
                                        0755,
                                        new Timestamp(1, 2),
                                        false,
                                        List.of(new DirectoryNode.Child(FileName.of("hidden"), new WhiteoutNode())))),
                        new DirectoryNode.Child(FileName.of("top"), new WhiteoutNode())));
        Path out = work.dir("out");
        Files.write(out.resolve("hiding.velo"), ManifestBuilder.encode(hiding));
        Outcome outcome = on(filesystem, """
                out=$4
                "$velo" ingest "$2" --output "$out/base.velo" >/dev/null
                "$velo" ingest "$3" --output "$out/app.velo" >/dev/null
                "$velo" run --isolate --base "$out/base.velo" --manifest "$out/app.velo" --manifest "$out/hiding.velo" \
                  --output "$out/result.velo" -- /bin/sh -c 'ls /d; ls -d /top || echo none; rm /d/kept; ls -A /d | wc -l' 2>"$out/err"
                grep -v warning "$out/err"
                "$velo" verify >/dev/null && echo verified
                "$velo" run --isolate --manifest "$out/result.velo" -- /bin/sh -c 'ls -A /d | wc -l' 2>/dev/null
                find "$at/store/farms" -type c | wc -l
                """, busybox(), tree, out);
        assertThat(outcome.out())
                .isEqualTo("kept\nnone\n0\nls: /top: No such file or directory\nverified\n0\n"
                        + (filesystem == Filesystem.OVERLAY ? "0\n" : "2\n"));
    }

    /** Inodes of 128 bytes hold whole seconds, and no year after 2038. */
    @Test
    void timesThatTheFileSystemCannotHold() {
        Filesystem.EXT4.needed();
        Path tree = work.tree("""
                mkdir d; echo one >d/one; ln -s one d/link; touch -h -d 2011-02-03T04:05:06.123456789Z d/one d/link; touch -d 2600-01-01 d
                touch -d 1850-01-01 .
                """);
        Outcome outcome = on(Filesystem.EXT4, """
                umount "$at"; rm "$image"; truncate -s 200M "$image"; mkfs.ext4 -q -I 128 "$image" >/dev/null 2>&1; mount -o loop "$image" "$at"
                out=$4
                "$velo" ingest "$2" --output "$out/base.velo" >/dev/null
                "$velo" ingest "$3" --output "$out/app.velo" >/dev/null
                for placement in hardlink metadata; do
                  "$velo" run --isolate --placement $placement --base "$out/base.velo" --manifest "$out/app.velo" -- /bin/cat /d/one
                done
                "$velo" verify | tail -n 1 | grep -o ', .*'
                chmod u+w "$at"/store/farms/*-metadata/tree/d; touch "$at"/store/farms/*-metadata/tree/d/one
                "$velo" verify | grep -c 'd/one'
                """, busybox(), tree, work.dir("out"));
        assertThat(outcome.out()).isEqualTo("one\none\n, 0 findings\n1\n");
    }

    /** Images have the change times that their makers gave them: two of them look alike, file by file, on the same mount point. */
    @Test
    void anotherImageInTheSamePlace() {
        Host.needsRoot("mounts images");
        Host.needsTool("mksquashfs");
        Path trees = work.tree("""
                for n in 1 2; do mkdir $n; echo content-$n >$n/f; touch -d 2024-01-01 $n/f $n; mksquashfs $n $n.sq -all-time 1700000000 -quiet >/dev/null; done
                """);
        Outcome outcome = on(Filesystem.EXT4, """
                mkdir "$1/image-at"
                for n in 1 2; do
                  mount -o loop,ro "$2/$n.sq" "$1/image-at"
                  "$velo" ingest "$1/image-at" --output "$1/$n.velo" >/dev/null; "$velo" ingest "$1/image-at" --output "$1/$n.velo" >/dev/null
                  umount "$1/image-at"
                done
                "$velo" cat "$1/1.velo" f; "$velo" cat "$1/2.velo" f
                """, trees);
        assertThat(outcome.out()).isEqualTo("content-1\ncontent-2\n");
    }
}
