package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How files come to their content is the user's choice, or the file system's; what a program reads is always the manifest's. */
class PlacementIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final String TREE = """
            mkdir -p d; echo one >d/one; chmod 640 d/one; printf '#!/bin/sh\\necho tool\\n' >tool; chmod 755 tool; : >empty
            ln -s d/one link; find . -exec touch -h -d 2011-02-03T04:05:06.123456789Z {} +
            """;

    private Command placed(String placement, Path manifest, String script) {
        return work.inside(placement, manifest, script);
    }

    private List<String> farms() throws IOException {
        try (Stream<Path> farms = Files.list(work.store().resolve("farms"))) {
            return farms.map(farm -> farm.getFileName().toString().replaceFirst(".*-", ""))
                    .distinct()
                    .sorted()
                    .toList();
        }
    }

    @Test
    void eachIsAFarmOfItsOwnWithTheSameContents() throws Exception {
        Path manifest = work.ingest(work.tree(TREE));
        for (String placement : List.of("copy", "metadata", "auto", "hardlink")) {
            placed(placement, manifest, "cat /d/one /link /empty; /tool").run().prints("one\none\ntool\n");
        }
        assertThat(farms()).isEqualTo(List.of("copy", "hardlink", "metadata"));
        assertThat(work.velo("status", "--json")
                        .run()
                        .succeeds()
                        .json()
                        .get("farms")
                        .getAsInt())
                .isEqualTo(6);
        work.velo("verify").run().succeeds();
        // Both manifests are gone: so are all farms of both.
        Files.delete(manifest);
        Files.delete(work.base());
        work.velo("gc", "--run", "--grace", "0s").run().succeeds();
        assertThat(farms()).isEmpty();
    }

    @Test
    void whatCannotBeHadIsAnErrorAndNothingIsLeft() throws Exception {
        Path manifest = work.ingest(work.tree(TREE));
        Outcome outcome = placed("reflink", manifest, "cat /d/one").run();
        if (outcome.exit() != 0) {
            outcome.refuses(125, "cannot place files by reflink", "--placement auto");
            assertThat(farms()).isEmpty();
            assertThat(work.store().resolve("leases")).isEmptyDirectory();
        }
        work.isolated(List.of("--placement", "teleport", "--manifest", manifest.toString()), "/x")
                .run()
                .exits(125);
    }

    @Test
    void metadataShowsTheManifestsOwnModesAndTimes() {
        Path manifest = work.ingest(work.tree(TREE));
        String show =
                "stat -c '%n %a %Y' /d; stat -c '%n %a %s %Y' /d/one /tool /empty /link; stat /d/one | grep Modify";
        placed("metadata", manifest, show).run().prints("""
                        /d 755 1296705906
                        /d/one 640 4 1296705906
                        /tool 755 20 1296705906
                        /empty 644 0 1296705906
                        /link 777 5 1296705906
                        Modify: 2011-02-03 04:05:06.123456789 +0000
                        """);
    }

    /** Neither by a path, nor in the list of mounts, nor by numbers: blobs are not there. */
    @Test
    void metadataShowsNothingOfTheStore() throws Exception {
        Path manifest = work.ingest(work.tree(TREE));
        Outcome outcome = placed(
                        "metadata",
                        manifest,
                        "cat /proc/self/mountinfo; find / -xdev | grep -cE '[0-9a-f]{62}$'; stat -c 'found %h %i' /d/one")
                .run()
                .succeeds();
        assertThat(outcome.out()).contains("\n0\nfound 1 ").doesNotContain("cas/sha256", "datadir");
        String inodes =
                work.sh(work.store(), "find cas exec -type f -printf ' %i\\n'").out();
        String shown = outcome.line().replaceFirst("(?s).*found 1", "");
        assertThat(inodes.lines()).doesNotContain(shown);
    }

    /** What a payload writes stays in its run, also where it names blobs in attributes of its own. */
    @Test
    void aPayloadCannotReachABlobByAnAttribute() throws Exception {
        Host.needsTool("gcc");
        Path secret = work.ingest(work.tree("echo secret >secret"));
        String blob = work.sh(work.store(), "cd cas/sha256; grep -rl secret . | cut -c 2-")
                .line();
        Path tree = work.tree(TREE);
        Files.writeString(tree.resolve("p.c"), """
                #include <sys/xattr.h>
                #include <stdio.h>
                int main(int n, char **a) {
                    int x = setxattr(a[1], "user.overlay.metacopy", "", 0, 0);
                    int y = setxattr(a[1], "user.overlay.redirect", a[2], __builtin_strlen(a[2]), 0);
                    char c[64] = "";
                    FILE *f = fopen(a[1], "r");
                    printf("%d %d %s", x, y, f && fgets(c, 64, f) ? c : "nothing");
                    return n == 0;
                }
                """);
        work.sh(tree, "gcc -static -o p p.c && rm p.c");
        Path manifest = work.ingest(tree);
        Outcome outcome = placed(
                        "metadata",
                        manifest,
                        "echo own >/new; /p /new " + blob + "; chmod 644 /d/one; /p /d/one " + blob)
                .run();
        assertThat(blob).startsWith("/");
        assertThat(outcome.out()).contains("own", "one").doesNotContain("secret");
        assertThat(secret).exists();
    }

    @Test
    void metadataPlantsNoSetUserIdProgram() throws Exception {
        Path manifest = work.ingest(work.tree("printf '#!/bin/sh\\n' >s; chmod 6755 s; mkdir d; chmod 1777 d"));
        placed("metadata", manifest, "stat -c %a /s /d").run().prints("755\n1777\n");
        assertThat(work.sh(work.store(), "find farms -type f -perm /7000").out())
                .isEmpty();
        Path result = work.dir("out").resolve("r.velo");
        work.isolated(
                        List.of(
                                "--placement",
                                "metadata",
                                "--base",
                                work.base().toString(),
                                "--manifest",
                                manifest.toString(),
                                "--output",
                                result.toString()),
                        "/bin/touch",
                        "/s")
                .run()
                .succeeds();
        assertThat(work.velo("inspect", result.toString(), "/s")
                        .run()
                        .succeeds()
                        .out())
                .contains("6755");
    }

    /** What shows its own mode and time has changed when these have, and only then. */
    @Test
    void metadataIsCapturedAsItWasShown() {
        Path manifest = work.ingest(work.tree(TREE + "echo two >d/two; echo three >d/three; chmod 600 d/three"));
        Path changes = work.dir("out").resolve("changes");
        Outcome outcome = work.isolated(
                        List.of(
                                "--placement",
                                "metadata",
                                "--base",
                                work.base().toString(),
                                "--manifest",
                                manifest.toString(),
                                "--changes",
                                changes.toString()),
                        "/bin/sh",
                        "-c",
                        "cd /d; chmod 444 two; chmod 600 one; chmod 640 one; echo more >>three; touch -r /tool four")
                .run()
                .succeeds();
        assertThat(outcome.err()).isEmpty();
        assertThat(changes).content().contains("/d/two", "/d/three", "/d/four").doesNotContain("/d/one");
    }

    @Test
    void metadataBelowAHostDirectory() {
        Path manifest = work.ingest(work.tree("mkdir -p usr/bin usr/own; echo mine >usr/bin/velo-test-file"));
        work.isolated(
                        List.of(
                                "--placement",
                                "metadata",
                                "--profile",
                                "host-tools",
                                "--manifest",
                                manifest.toString()),
                        "sh",
                        "-c",
                        "cat /usr/bin/velo-test-file; test -x /usr/bin/env && test -d /usr/own && echo both")
                .run()
                .prints("mine\nboth\n");
    }

    @Test
    void metadataSaysWhichContentsTheStoreLost() {
        Path manifest = work.ingest(work.tree("mkdir dir; echo unique-content >dir/lost"));
        placed("metadata", manifest, "cat /dir/lost").run().prints("unique-content\n");
        work.sh(work.store(), "rm -f \"$(grep -rl unique-content cas)\"");
        placed("metadata", manifest, "cat /dir/lost").run().refuses(125, "the store lacks /dir/lost");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "chmod 600 $f",
                "touch -d @1 $f",
                "setfattr -n user.overlay.redirect -v /ab/cd $f; touch -d 2011-02-03T04:05:06.123456789Z $f",
                "setfattr -x user.overlay.metacopy $f",
                "ln $f $f-2",
                "setfattr -n user.overlay.redirect -v /ab/cd ${f%/one}",
                "setfattr -n user.overlay.overlay.whiteout -v y ${f%d/one}empty",
                "setfattr -n user.overlay.overlay.metacopy $f"
            })
    void verifyFindsAndRepairsADamagedFarm(String damage) throws Exception {
        Host.needsTool("setfattr");
        Path manifest = work.ingest(work.tree(TREE));
        placed("metadata", manifest, "cat /d/one").run().prints("one\n");
        work.velo("verify").run().succeeds();
        work.sh(work.store(), "f=$(echo farms/*/tree/d/one); " + damage);
        assertThat(work.velo("verify").run().exits(1).out()).contains("corrupt-farm", "-metadata", "/");
        work.velo("verify", "--repair").run().exits(1);
        work.velo("verify").run().succeeds();
        placed("metadata", manifest, "cat /d/one; stat -c %a /d/one").run().prints("one\n640\n");
    }
}
