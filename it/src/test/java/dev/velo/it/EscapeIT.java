package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Ways out of the root, and rights that the host's own files would give. */
class EscapeIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final String WHO = """
            #include <stdio.h>
            #include <string.h>
            #include <unistd.h>
            int main(void) {
                char line[256];
                FILE *status = fopen("/proc/self/status", "r");
                printf("euid %d\\n", geteuid());
                while (fgets(line, sizeof line, status)) if (strncmp(line, "CapPrm", 6) == 0) fputs(line, stdout);
                return 0;
            }
            """;

    /** Kernels before 4.2.4 followed ".." from there to the host's root (CVE-2015-2925). */
    @Test
    void aDirectoryMovedOutOfABindLeadsNowhere() {
        Path place = work.tree("chmod 777 .; mkdir -p bound/sub beside; echo secret >beside/secret; chmod -R 777 .");
        String wait = "cd \"$1/sub\"; : >ready; until [ -e moved ]; do sleep 0.1; done; cat ../secret";
        String move = """
                until [ -e bound/sub/ready ]; do sleep 0.1; done
                mv bound/sub beside/sub; : >beside/sub/moved; wait $!; echo "exit $?"; mv beside/sub bound/sub; rm bound/sub/*
                """;
        assertThat(work.sh(place, "sh -c '" + wait + "' sh \"$PWD/bound\" & set +e\n" + move)
                        .out())
                .as("control: outside")
                .isEqualTo("secret\nexit 0\n");
        Outcome inside = work.sh(
                place,
                "\"$velo\" run --isolate --manifest \"$1\" --bind \"$PWD/bound:/data:rw\" -- /bin/sh -c '" + wait
                        + "' sh /data & set +e\n" + move,
                work.base());
        assertThat(inside.out()).isEqualTo("exit 1\n");
    }

    @Test
    void programsOfTheHostsRootGiveNoRights() {
        Host.needsRoot("makes a set-user-id program of root, and one with capabilities");
        Host.needsTool("gcc");
        Host.needsTool("setfattr");
        Path programs = work.dir("programs");
        work.sh(programs, """
                printf '%s' "$1" >who.c; gcc -static -o who who.c; cp who capable; chown 0:0 who capable
                chmod 4755 who; chmod 755 capable .; chmod 711 ..
                setfattr -n security.capability -v 0x0100000200002000000000000000000000000000 capable
                """, WHO);
        String ordinary = "setpriv --reuid=54321 --regid=54321 --clear-groups ";
        assertThat(work.sh(programs, ordinary + "./who").out())
                .as("control: outside")
                .startsWith("euid 0\n");
        assertThat(work.sh(programs, ordinary + "./capable").out())
                .as("control: outside")
                .contains("CapPrm:\t0000000000200000");
        for (String program : List.of("who", "capable")) {
            work.isolated(
                            List.of(
                                    "--manifest",
                                    work.base().toString(),
                                    "--uid",
                                    "1000",
                                    "--gid",
                                    "1000",
                                    "--bind",
                                    programs + ":/programs"),
                            "/programs/" + program)
                    .run()
                    .prints("euid 1000\nCapPrm:\t0000000000000000\n");
        }
    }

    @Test
    void everyMountLacksWhatItDoesNotNeed() {
        Path bound = work.tree("chmod 755 .");
        List<String> mounts = work.isolated(
                        List.of("--manifest", work.base().toString(), "--bind", bound + ":/data"),
                        "/bin/cat",
                        "/proc/self/mounts")
                .run()
                .succeeds()
                .out()
                .lines()
                .toList();
        assertThat(mounts).hasSizeGreaterThan(15).allSatisfy(mount -> {
            String[] part = mount.split(" ");
            List<String> options = List.of(part[3].split(","));
            assertThat(options).as(mount).contains("nosuid");
            if (part[2].equals("devtmpfs") || part[1].equals("/dev")) {
                // The devices themselves: their inodes are the host's.
                assertThat(options).as(mount).contains("ro", "noexec");
            } else if (part[2].equals("devpts")) {
                // Terminals of the sandbox's own.
                assertThat(options).as(mount).contains("noexec");
            } else {
                assertThat(options).as(mount).contains("nodev");
            }
            if (part[1].startsWith("/proc/sys") || part[1].equals("/data")) {
                assertThat(options).as(mount).contains("ro");
            }
        });
    }

    /** Shared mounts would carry each into the other, the run's own mounts with them. */
    @Test
    void mountsOfTheHostDoNotArriveInsideNorTheOtherWayRound() {
        Host.needsRoot("mounts");
        Path place = work.dir("shared");
        Outcome outcome = work.sh(place, """
                chmod 777 .; mkdir -p data/sub data/deep inner; chmod -R 777 data inner
                cat >script <<'END'
                mount --make-rshared /; sort -k 5 /proc/self/mountinfo >before
                "$1" run --isolate --manifest "$2" --bind "$PWD/data:/data:rw" --bind "$PWD/inner:/data/deep" -- /bin/sh -c ': >/data/ready
                  until [ -e /data/go ]; do sleep 0.1; done; ls /data/sub; mount -t tmpfs none /tmp 2>/dev/null || echo denied' &
                until [ -e data/ready ]; do sleep 0.1; done
                mount -t tmpfs none data/sub; : >data/sub/arrived; ls data/sub >control; : >data/go; wait
                umount data/sub; sort -k 5 /proc/self/mountinfo | cmp before - && echo same
                END
                unshare -m bash script "$velo" "$1"
                """, work.base());
        assertThat(outcome.out()).isEqualTo("denied\nsame\n");
        assertThat(place.resolve("control")).hasContent("arrived\n");
    }

    /** A group may be denied what everybody else may do, so nobody must get rid of his groups: user_namespaces(7). */
    @Test
    void whoIsDeniedAsAMemberOfAGroupStaysDenied() {
        Host.needsRoot("takes on a user and a group");
        Host.needsTool("gcc");
        Path place = work.dir("group");
        Outcome outcome = work.sh(place, """
                chmod 711 ..; chmod 755 .; cp -a "$1" velo; mkdir home data; echo secret >data/secret
                cat >drop.c <<'END'
                #include <grp.h>
                #include <stdio.h>
                #include <fcntl.h>
                int main(void) {
                    int dropped = setgroups(0, 0);
                    printf("%d %s\\n", dropped, open("/data/secret", O_RDONLY) < 0 ? "denied" : "read");
                    return 0;
                }
                END
                gcc -static -o data/drop drop.c; chgrp 777 data/secret; chmod 604 data/secret; chmod 755 data; chown -R 54321:54321 home
                export HOME="$PWD/home" VR_THE_SOURCE="$PWD/home/store"
                as="setpriv --reuid=54321 --regid=54321"
                $as --clear-groups cat data/secret; ! $as --groups 777 cat data/secret 2>/dev/null
                mkdir home/tree; chown 54321:54321 home/tree
                $as --clear-groups velo/bin/velo ingest home/tree --output home/m >/dev/null
                for groups in --clear-groups "--groups 777"; do
                  $as $groups velo/bin/velo run --isolate --manifest home/m --bind "$PWD/data:/data" -- /data/drop
                done
                """, Workspace.HOME);
        assertThat(outcome.out()).isEqualTo("secret\n-1 read\n-1 denied\n");
    }

    /** CVE-2025-31133, CVE-2019-19921: what the image has there must not become what is written to, or what is believed. */
    @Test
    void anImageCannotForgeProcOrDev() {
        Path tree = work.tree("""
                mkdir -p proc/self/attr dev/shm; echo fake >proc/self/attr/exec; echo fake >proc/self/status
                ln -s /proc/sys/kernel/core_pattern dev/null; ln -s /etc dev/fd
                """);
        Outcome outcome = work.inside(
                        work.ingest(tree),
                        "stat -c %t:%T /dev/null; grep -c ' /proc proc ' /proc/mounts; grep -c fake /proc/self/status;"
                                + " grep fake /proc/self/attr/exec; readlink /dev/fd; echo x >/dev/null && echo written")
                .run()
                .succeeds();
        assertThat(outcome.out()).isEqualTo("1:3\n1\n0\n/proc/self/fd\nwritten\n");
    }
}
