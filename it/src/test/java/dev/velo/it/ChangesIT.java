package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a run changed can be listed, and kept as a manifest that gives the same tree again. */
class ChangesIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final String TREE =
            "mkdir -p keep gone/deep remade; echo k >keep/k; echo g >gone/deep/g; echo r >remade/old; echo m >modified; echo d >deleted; echo c >mode";

    private static final String ACTS = """
            rm /deleted; rm -rf /gone; rm -rf /remade; mkdir /remade; echo new >/remade/new; chmod u+w /modified; echo more >>/modified; chmod 755 /mode
            mkdir -p /added/dir; echo a >/added/dir/file; ln -s dir/file /added/link; exit 5
            """;

    private static final String SHOW = "cd / && find keep gone remade modified deleted mode added 2>/dev/null | sort"
            + " && cat /keep/k /remade/* /modified /mode /added/link && test -x /mode && test ! -e /remade/old";

    private List<String> options(Path app, String... more) {
        var options =
                new java.util.ArrayList<>(List.of("--base", work.base().toString(), "--manifest", app.toString()));
        options.addAll(List.of(more));
        return options;
    }

    @Test
    void theResultIsAManifestThatRunsAlone() {
        Path app = work.ingest(work.tree(TREE));
        Path result = work.dir("result").resolve("result.velo");
        work.isolated(options(app, "--output", result.toString()), "/bin/sh", "-c", ACTS)
                .run()
                .exits(5);

        String expected =
                "added\nadded/dir\nadded/dir/file\nadded/link\nkeep\nkeep/k\nmode\nmodified\nremade\nremade/new\n"
                        + "k\nnew\nm\nmore\nc\na\n";
        work.isolated(List.of("--manifest", result.toString()), "/bin/sh", "-c", SHOW)
                .run()
                .prints(expected);
        work.velo("verify", "--manifest", result.toString()).run().succeeds();

        Path out = work.dir("export").resolve("tree");
        work.velo("export", result.toString(), out.toString()).run().succeeds();
        assertThat(out.resolve("added/dir/file")).hasContent("a\n");
        assertThat(out.resolve("gone")).doesNotExist();
        assertThat(out.resolve("bin/busybox")).isExecutable();
    }

    @Test
    void theListNamesWhatChangedAndNothingElse() throws Exception {
        Path app = work.ingest(work.tree(TREE));
        Path list = work.dir("list").resolve("changes");
        work.isolated(options(app, "--changes", list.toString()), "/bin/sh", "-c", ACTS)
                .run()
                .exits(5);
        String text = Files.readString(list);
        assertThat(text).contains("deleted", "gone", "remade", "modified", "mode", "added/dir/file", "added/link");
        assertThat(text).doesNotContain("keep/k", "busybox", "proc", "dev/");
    }

    @Test
    void aRunThatChangesNothingListsNothing() throws Exception {
        Path app = work.ingest(work.tree(TREE));
        Path list = work.dir("list").resolve("changes");
        work.isolated(options(app, "--changes", list.toString()), "/bin/cat", "/keep/k")
                .run()
                .prints("k\n");
        assertThat(Files.readString(list).strip()).isEmpty();
    }

    @Test
    void theListGoesToStandardErrorSinceStandardOutputIsThePayloads() {
        Path app = work.ingest(work.tree(TREE));
        Outcome outcome = work.isolated(
                        options(app, "--changes", "-"), "/bin/sh", "-c", "echo payload; echo x >/new-file")
                .run()
                .succeeds();
        assertThat(outcome.out()).isEqualTo("payload\n");
        assertThat(outcome.err()).isEqualTo("A /new-file\n");
    }

    @Test
    void anEmptyRunGivesTheLayersAsOneManifest() {
        Path app = work.ingest(work.tree(TREE));
        Path one = work.dir("one").resolve("one.velo");
        Path two = work.dir("two").resolve("two.velo");
        work.isolated(options(app, "--output", one.toString()), "/bin/true")
                .run()
                .prints("");
        work.isolated(options(app, "--output", two.toString()), "/bin/true")
                .run()
                .prints("");
        assertThat(one).hasSameBinaryContentAs(two);
    }

    /** The run was of the manifest as it was: its file may have been replaced, or be gone, when the result is made. */
    @Test
    void theManifestsOfTheRunAreThoseItBeganWith() throws Exception {
        Path app = work.ingest(work.tree("echo first >first; echo c >common"));
        Path other = work.ingest(work.tree("echo second >second"));
        Path result = work.dir("result").resolve("result.velo");
        var run = work.isolated(
                        options(app, "--output", result.toString()),
                        "/bin/sh",
                        "-c",
                        "echo new >/new; echo ready; sleep 3")
                .start()
                .says("ready");
        Files.copy(other, app, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        run.await().prints("ready\n");
        work.isolated(List.of("--manifest", result.toString()), "/bin/sh", "-c", "ls /; cat /first /new")
                .run()
                .succeeds();
        assertThat(work.velo("inspect", result.toString()).run().succeeds().out())
                .contains("first", "common", "new")
                .doesNotContain("second");
    }

    @Test
    void aResultIsKeptOfARunThatMetItsTimeLimit() {
        Path app = work.ingest(work.tree("echo x >x"));
        Path result = work.dir("result").resolve("result.velo");
        work.isolated(
                        options(app, "--output", result.toString(), "--timeout", "1s"),
                        "/bin/sh",
                        "-c",
                        "trap '' TERM; echo kept >/kept; while true; do sleep 1; done")
                .run()
                .exits(124);
        work.isolated(List.of("--manifest", result.toString()), "/bin/cat", "/kept")
                .run()
                .prints("kept\n");
    }

    @Test
    void whereTheResultCannotGoNothingIsRun() {
        Path app = work.ingest(work.tree("echo x >x"));
        Path mark = work.dir("mark");
        work.sh(mark, "chmod 777 .");
        for (String option : List.of("--output", "--changes")) {
            for (String target : List.of(mark.toString(), mark + "/none/result")) {
                work.isolated(options(app, option, target, "--bind", mark + ":/mark:rw"), "/bin/touch", "/mark/ran")
                        .run()
                        .refuses(125, target);
                assertThat(mark.resolve("ran")).doesNotExist();
            }
        }
    }

    /** The mount points that a run needs are no changes, and leave no time of theirs in the result. */
    @Test
    void equalRunsGiveEqualResultsAlsoWithMounts() {
        Path app =
                work.ingest(work.tree("mkdir -p app etc; echo f >app/f; echo e >etc/e; touch -d 2001-02-03 app etc"));
        Path data = work.tree("echo x >x");
        Path one = work.dir("one").resolve("one.velo");
        Path two = work.dir("two").resolve("two.velo");
        for (Path result : List.of(one, two)) {
            Outcome outcome = work.isolated(
                            options(
                                    app,
                                    "--bind",
                                    data + ":/app/data",
                                    "--changes",
                                    "-",
                                    "--output",
                                    result.toString()),
                            "/bin/sh",
                            "-c",
                            "stat -c %y /app; chmod u+w /etc/e; echo more >>/etc/e; touch -d @1000000000 /etc/e")
                    .run()
                    .succeeds();
            assertThat(outcome.out()).startsWith("2001-02-03 00:00:00");
            assertThat(outcome.err()).isEqualTo("M /etc/e\n");
        }
        assertThat(one).hasSameBinaryContentAs(two);
    }

    @Test
    void theModeOfTheRootIsAChangeToo() {
        Path app = work.ingest(work.tree("echo x >x"));
        assertThat(work.isolated(options(app, "--changes", "-"), "/bin/chmod", "711", "/")
                        .run()
                        .succeeds()
                        .err())
                .isEqualTo("m /\n");
    }

    @Test
    void aLinkInTheResultStaysALink() {
        Path app = work.ingest(work.tree("echo x >x"));
        Path result = work.dir("result").resolve("result.velo");
        work.isolated(options(app, "--output", result.toString()), "/bin/ln", "-s", "/etc/shadow", "/shadow")
                .run()
                .prints("");
        Path out = work.dir("export").resolve("tree");
        work.velo("export", result.toString(), out.toString()).run().succeeds();
        assertThat(out.resolve("shadow")).isSymbolicLink();
    }
}
