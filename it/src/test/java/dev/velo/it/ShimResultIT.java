package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a run without a sandbox is made of and leaves when it is asked to: layers below, --output and --changes. */
class ShimResultIT {
    @RegisterExtension
    static final GreetingTree greeting = new GreetingTree();

    @Test
    void aLaterManifestWins() throws IOException {
        Path over =
                greeting.work().ingest(greeting.work().tree("echo over >hello.txt; mkdir dir; echo other >dir/other"));
        greeting.run(List.of("--manifest", over.toString()), "/bin/sh", "-c", "cat /vrift/hello.txt; ls /vrift/dir")
                .run()
                .prints("over\nother\nsub\n");
        List<String> below = List.of("--base", over.toString());
        greeting.run(below, "/bin/cat", "/vrift/hello.txt", "/vrift/dir/other")
                .run()
                .prints("hello\nother\n");
        greeting.nothingIsLeft();
    }

    /** Of a program that does all kinds of changes, and leaves everything with one time. */
    @Test
    void theResultIsThatOfTheSandbox() throws IOException {
        Path tree = greeting.work().ingest(greeting.work().tree("""
                mkdir -p app/keep app/gone/deeper app/moved app/again; cd app
                for f in keep/a keep/b gone/c gone/deeper/d moved/e again/f; do echo $f >$f; done
                ln -s keep/a link; ln -s x relinked; echo s >script; chmod 755 script; chmod 640 keep/b
                touch -h -d @1600000000 $(find .)
                """));
        String script = """
                set -e; cd $ROOT/app
                # The sandbox shows files as 0444, which a moved one keeps.
                chmod 644 keep/a moved/e; chmod 640 keep/b; echo more >>keep/a; echo new >keep/new; rm -r gone; mkdir made; echo x >made/x; ln keep/new made/hard
                mv moved renamed; rm -r again; mkdir again; echo g >again/g; rm relinked; ln -s y relinked
                chmod 700 script; rm link; mkdir link; echo inside >link/inside; mv keep/b b
                touch -h -d @1700000000 $(find . | sort)
                """;
        Path directory = greeting.work().dir("results");
        List<String> results = new ArrayList<>();
        for (String mode : List.of("sandbox", "session")) {
            Path output = directory.resolve(mode + ".velo");
            Path changes = directory.resolve(mode + ".txt");
            List<String> arguments = new ArrayList<>(
                    List.of("run", "--base", greeting.work().base().toString(), "--manifest"));
            arguments.add(tree.toString());
            arguments.addAll(List.of("--output", output.toString(), "--changes", changes.toString()));
            arguments.addAll(
                    mode.equals("sandbox") ? List.of("--isolate", "--env", "ROOT=") : List.of("--env", "ROOT=/vrift"));
            arguments.addAll(List.of("--", "/bin/sh", "-c", script));
            greeting.work().velo(arguments.toArray(String[]::new)).run().prints("");
            Path exported = directory.resolve(mode);
            greeting.work()
                    .velo("export", output.toString(), exported.toString())
                    .run()
                    .succeeds();
            results.add(Files.readString(changes)
                    + greeting.work().sh(exported.resolve("app"), """
                            find . -printf '%P %y %m %l %T@\\n' | sort; find . -type f | sort | xargs sha256sum
                            """).out());
        }
        assertThat(results.get(0))
                .contains(
                        "A /app/made/hard\n",
                        "A /app/renamed/e\n",
                        "D /app/gone\n",
                        "T /app/link\n",
                        "M /app/keep/a\n");
        assertThat(results.get(1)).isEqualTo(results.get(0));
        greeting.nothingIsLeft();
    }

    @Test
    void changesAreListed() throws IOException {
        Path here = greeting.work().dir("here");
        greeting.run(
                        List.of("--changes", "list", "--output", "o.velo"),
                        "/bin/sh",
                        "-c",
                        "echo more >>/vrift/hello.txt; rm /vrift/dir/sub/deep; mkdir /vrift/new; : </vrift/data")
                .in(here)
                .run()
                .prints("");
        assertThat(Files.readString(here.resolve("list")).lines())
                .contains("M /hello.txt", "D /dir/sub/deep", "A /new")
                .noneMatch(line -> line.contains("data"));
        greeting.work()
                .velo("cat", here.resolve("o.velo").toString(), "/hello.txt")
                .run()
                .prints("hello\nmore\n");
        // What no manifest can hold is refused as of a sandbox.
        greeting.run(List.of("--changes", "-"), "/bin/mkfifo", "/vrift/fifo")
                .run()
                .exits(125);
        // A program that never ran has changed nothing.
        assertThat(greeting.run(List.of("--output", "none.velo"), "/vrift/none")
                        .in(here)
                        .run()
                        .exits(127)
                        .err())
                .contains("cannot run /vrift/none");
        assertThat(here.resolve("none.velo")).doesNotExist();
        greeting.nothingIsLeft();
    }
}
