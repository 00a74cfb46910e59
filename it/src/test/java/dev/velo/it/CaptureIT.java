package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A captured manifest is the tree that the run left, whatever it did to it: what one run saw last, the next sees first. */
class CaptureIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final String TREE = """
            mkdir -p a/b/c full/deep empty swap-dir ro; echo 1 >a/one; echo 2 >a/b/two; echo 3 >a/b/c/three; echo f >full/f; echo g >full/deep/g
            echo file >swap-file; echo in >swap-dir/in; ln -s a/one link; ln -s nowhere dangling; echo '#!/bin/sh' >tool; chmod 755 tool
            echo secret >private; chmod 600 private; echo r >ro/r; chmod 555 ro; printf 'odd' >"$(printf 'n\\377me')"; chmod 700 empty
            """;

    /** Types, names, modes, targets and contents of everything that the manifests brought. */
    private static final String SHOW = """
            cd /; find a full empty swap-* link dangling tool private ro new moved n* -type l 2>/dev/null | sort | while read -r f; do echo "l $f $(readlink "$f")"; done
            find a full empty swap-* link dangling tool private ro new moved n* ! -type l 2>/dev/null | sort | while read -r f; do stat -c '%F %a %s %n' "$f"; done
            find a full empty swap-* tool ro new moved n* -type f 2>/dev/null | sort | while read -r f; do md5sum "$f"; done; true
            """;

    private List<String> stacked(Path app, String... more) {
        List<String> options = new ArrayList<>(List.of("--base", work.base().toString(), "--manifest", app.toString()));
        options.addAll(List.of(more));
        return options;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "true",
                "rm -r /full; mkdir /full; echo only >/full/only",
                "rm -r /full; echo file >/full",
                "rm /swap-file; mkdir -p /swap-file/sub; echo x >/swap-file/sub/x",
                "rm /swap-file; ln -s a /swap-file",
                "rm -r /swap-dir; ln -s a /swap-dir",
                "rm /link; mkdir /link; echo x >/link/x; rm /dangling; echo real >/dangling",
                "mv /a /moved; echo more >>/moved/one 2>/dev/null; mkdir /a; echo again >/a/one",
                "mv /a/b /a/renamed; mv /a/renamed/c /a/b",
                "mkdir -p /new/x/y/z; ln /tool /new/tool; ln /new/tool /new/x/tool; cp /tool /new/copy",
                "echo 1 >/new; ln /new /a/linked; ln /new /full/linked; chmod 600 /new; echo 2 >>/new",
                "chmod 4755 /tool; chmod 1777 /empty; chmod 000 /private; chmod 711 /a",
                "chmod u+w /a/one; echo longer than before >/a/one; chmod 640 /a/one; rm /a/b/two",
                "rm -r /a/b; mkdir /a/b; rm -r /a/b; mkdir -p /a/b/c; echo new >/a/b/c/new",
                "rm -r /empty /ro; mkdir -m 555 /ro; rm -f /n*; touch /new",
                "mkdir /new; cd /new; i=0; while [ $i -lt 300 ]; do echo $i >f$i; i=$((i+1)); done; rm f1*",
                "d=/new; mkdir $d; i=0; while [ $i -lt 100 ]; do d=$d/d; mkdir $d; i=$((i+1)); done; echo deep >$d/f"
            })
    void theNextRunSeesWhatTheLastSaw(String acts) {
        Path app = work.ingest(work.tree(TREE));
        Path result = work.dir("result").resolve("result.velo");
        Outcome first = work.isolated(stacked(app, "--output", result.toString()), "/bin/sh", "-c", acts + "\n" + SHOW)
                .run()
                .succeeds();
        assertThat(first.out()).contains("private");
        Outcome second = work.isolated(List.of("--manifest", result.toString()), "/bin/sh", "-c", SHOW)
                .run()
                .succeeds();
        assertThat(modesAsShown(second.out())).isEqualTo(modesAsShown(first.out()));
        work.velo("verify", "--manifest", result.toString()).run().succeeds();

        // As a layer above what it came from it hides and shows the same.
        Outcome layered = work.isolated(stacked(app, "--manifest", result.toString()), "/bin/sh", "-c", "cat /tool")
                .run()
                .succeeds();
        assertThat(layered.out()).isEqualTo("#!/bin/sh\n");
    }

    /** Files of a farm show 0444 or 0555; a file that the first run wrote had its own mode there, which the manifest keeps. */
    private static String modesAsShown(String listing) {
        return listing.replaceAll("(?m)^(regular (?:empty )?file) ([0-7]+)", "$1");
    }

    @Test
    void modesThatARunSetAreInTheManifest() {
        Path app = work.ingest(work.tree(TREE));
        Path result = work.dir("result").resolve("result.velo");
        work.isolated(
                        stacked(app, "--output", result.toString()),
                        "/bin/sh",
                        "-c",
                        "chmod 4711 /tool; chmod 640 /a/one; chmod u+w /a/b/two; echo x >>/a/b/two; umask 027; echo n >/new")
                .run()
                .prints("");
        Path out = work.dir("out").resolve("tree");
        work.velo("export", result.toString(), out.toString()).run().succeeds();
        assertThat(work.sh(out, "stat -c '%a %n' tool a/one a/b/two new private a/b/c/three")
                        .out())
                .isEqualTo("4711 tool\n640 a/one\n644 a/b/two\n640 new\n600 private\n644 a/b/c/three\n");
    }

    @Test
    void whatNoManifestCanHoldIsNamedAndTheResultIsNotWritten() {
        Path app = work.ingest(work.tree(TREE));
        Path result = work.dir("result").resolve("result.velo");
        work.isolated(stacked(app, "--output", result.toString()), "/bin/sh", "-c", "mkfifo /a/pipe; echo x >/new")
                .run()
                .refuses(125, "/a/pipe", "FIFO");
        assertThat(result).doesNotExist();
        work.velo("verify").run().succeeds();
    }

    /** The kernel hides a payload's own overlay attributes away; none of them may send a later reader elsewhere. */
    @Test
    void smuggledAttributesLeadNowhere() {
        Host.needsTool("setfattr");
        Path app = work.ingest(work.tree("echo x >x; mkdir d; echo y >d/y"));
        Path result = work.dir("result").resolve("result.velo");
        String set = "setfattr -n user.overlay.%s -v %s %s || true; ";
        String acts = "chmod u+w /x; echo changed >>/x; mkdir /e; echo z >/e/z; "
                + set.formatted("redirect", "/etc", "/e")
                + set.formatted("metacopy", "y", "/x")
                + set.formatted("redirect", "/etc/passwd", "/x")
                + set.formatted("opaque", "y", "/d")
                + set.formatted("whiteout", "y", "/x");
        work.isolated(
                        List.of("--profile", "host-tools", "--manifest", app.toString(), "--output", result.toString()),
                        "sh",
                        "-c",
                        "{ " + acts + "} 2>/dev/null; cat /x /e/z /d/y")
                .run()
                .prints("x\nchanged\nz\ny\n");
        Path out = work.dir("out").resolve("tree");
        work.velo("export", result.toString(), out.toString()).run().succeeds();
        assertThat(out.resolve("x")).hasContent("x\nchanged\n");
        assertThat(out.resolve("e/z")).hasContent("z\n");
        assertThat(out.resolve("d/y")).hasContent("y\n");
        assertThat(out.resolve("e/passwd")).doesNotExist();
    }

    /** The run's own links to the host's programs are no changes; what a program puts in their place is. */
    @Test
    void whatReplacesALinkOfVelosOwn() {
        Host.needsTool("env");
        Path manifest = work.ingest(work.tree("echo one >one"));
        Path result = work.dir("out").resolve("r.velo");
        work.isolated(
                        List.of(
                                "--profile",
                                "host-tools",
                                "--manifest",
                                manifest.toString(),
                                "--output",
                                result.toString(),
                                "--changes",
                                "-"),
                        "sh",
                        "-c",
                        "echo x >/two; if [ -L /sbin ]; then rm /sbin; fi; mkdir -p /sbin; echo tool >/sbin/own")
                .run()
                .succeeds();
        String shown =
                work.velo("diff", manifest.toString(), result.toString()).run().out();
        assertThat(shown).contains("A /two", "A /sbin", "A /sbin/own").doesNotContain("/lib", "/bin/sh");
    }

    /** Writing takes set-id bits away; so does another content of the same name. */
    @ParameterizedTest
    @ValueSource(strings = {"hardlink", "metadata"})
    void aSetUserIdBitBelongsToItsContent(String placement) {
        Path manifest = work.ingest(work.tree("echo kept >kept; echo old >suid; chmod 4755 kept suid"));
        Path result = work.dir("out").resolve("r.velo");
        work.isolated(
                        List.of(
                                "--placement",
                                placement,
                                "--base",
                                work.base().toString(),
                                "--manifest",
                                manifest.toString(),
                                "--output",
                                result.toString()),
                        "/bin/sh",
                        "-c",
                        "echo x >/evil; chmod $(stat -c %a /suid) /evil; mv -f /evil /suid; touch /kept")
                .run()
                .succeeds();
        assertThat(work.velo("inspect", result.toString(), "/suid").run().out())
                .contains("755")
                .doesNotContain("4755");
        assertThat(work.velo("inspect", result.toString(), "/kept").run().out()).contains("4755");
    }

    /** Else the capture would read zeros for hours, and no limit of the run holds for it. */
    @Test
    void aFileThatIsLargerThanTheStoreCanHoldIsNotCaptured() {
        Path result = work.dir("out").resolve("r.velo");
        for (String size : List.of("1M", "8192G")) {
            Command run = work.isolated(
                    List.of("--timeout", "60s", "--manifest", work.base().toString(), "--output", result.toString()),
                    "/bin/sh",
                    "-c",
                    "truncate -s " + size + " /big && stat -c %s /big");
            if (size.equals("1M")) {
                run.run().succeeds().prints("1048576\n");
                assertThat(result.toFile().delete()).isTrue();
            } else {
                Outcome outcome = run.run().exits(125);
                assertThat(outcome.out()).isEqualTo("8796093022208\n");
                assertThat(outcome.err()).contains("more bytes than the store's file system can hold");
            }
        }
        assertThat(result).doesNotExist();
    }
}
