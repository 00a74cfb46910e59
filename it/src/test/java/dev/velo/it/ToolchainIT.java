package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Compilers and what they make. */
class ToolchainIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final String PROJECT = """
            mkdir -p src include
            printf '#ifndef SUM_H\\n#define SUM_H\\nint sum(int, int);\\n#endif\\n' >include/sum.h
            printf '#include "sum.h"\\nint sum(int a, int b) { return a + b; }\\n' >src/sum.c
            printf '#include <stdio.h>\\n#include "sum.h"\\nint main(void) { printf("%%d\\\\n", sum(40, 2)); return 7; }\\n' >src/main.c
            printf 'all: program\\nprogram: src/main.o src/sum.o\\n\\tgcc -o $@ $^\\n%%.o: %%.c\\n\\tgcc -Iinclude -Wall -c -o $@ $<\\n' >Makefile
            """;

    @Test
    void gccBuildsAndRunsAProjectInside() {
        Host.needsTool("gcc");
        Host.needsTool("make");
        Path manifest = work.ingest(work.tree(PROJECT));
        Path result = work.dir("result").resolve("built.velo");
        Outcome build = work.isolated(
                        List.of(
                                "--profile",
                                "host-tools",
                                "--manifest",
                                manifest.toString(),
                                "--output",
                                result.toString()),
                        "/bin/sh",
                        "-c",
                        "cd / && make >&2 && ./program")
                .run()
                .exits(7);
        assertThat(build.out()).isEqualTo("42\n");
        work.isolated(List.of("--profile", "host-tools", "--manifest", result.toString()), "/program")
                .run()
                .exits(7);
    }

    @Test
    void hostToolsRunAsTheCallerAndCannotChangeTheHost() {
        Path manifest = work.ingest(work.tree("echo x >x"));
        List<String> options = List.of("--profile", "host-tools", "--manifest", manifest.toString());
        String uid = work.sh(Path.of("/"), "id -u").line();
        work.isolated(options, "/usr/bin/id", "-u").run().prints(uid + "\n");
        Outcome write = work.isolated(options, "/bin/sh", "-c", "echo x >/usr/velo-it-was-here")
                .run();
        assertThat(Path.of("/usr/velo-it-was-here")).doesNotExist();
        assertThat(write.exit()).isNotZero();
    }

    @Test
    void aStaticProgramOfRustOrCRunsInAnEmptyRoot() {
        Path tree = work.dir("tree");
        boolean rust = work.command(List.of("rustc", "--version"))
                .with("HOME", System.getenv("HOME"))
                .tryRun();
        if (rust) {
            work.sh(tree, """
                    export HOME="$1"; scratch=$(mktemp -d); printf 'fn main() { println!("static {}", std::process::id()); }\\n' >$scratch/p.rs
                    rustc -C target-feature=+crt-static -o program $scratch/p.rs; rm -rf $scratch
                    """, System.getenv("HOME"));
        } else {
            Host.needsTool("gcc");
            work.sh(tree, """
                    printf '#include <stdio.h>\\n#include <unistd.h>\\nint main(void) { printf("static %d\\\\n", getpid()); return 0; }\\n' |
                      gcc -static -x c -o program -
                    """);
        }
        Outcome outcome = work.isolated(List.of("--manifest", work.ingest(tree).toString()), "/program")
                .run()
                .succeeds();
        assertThat(outcome.out()).matches("static [0-9]+\n");
        assertThat(outcome.err()).isEmpty();
    }
}
