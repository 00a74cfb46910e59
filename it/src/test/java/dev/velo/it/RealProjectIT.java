package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A project as people have it: more than ten thousand files from well-known packages, and its own program that uses them. */
@Tag("once")
class RealProjectIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final Path CACHE = Workspace.REPOSITORY.resolve("it/target/cache/node-project");

    private static final String INSTALL = """
            printf '{"name":"shop","version":"1.0.0","private":true}\\n' >package.json
            npm install --no-audit --no-fund --no-progress --loglevel=error --ignore-scripts \\
              lodash@4 core-js@3 date-fns@3 rxjs@7 express@4 webpack@5 webpack-cli@5 typescript@5 eslint@8 jest@29 react@18 react-dom@18 \\
              @babel/core@7 @babel/preset-env@7 ramda@0.30 >&2
            """;

    private static final String PROGRAM = """
            mkdir src
            cat >src/index.js <<'END'
            const { add } = require('lodash'); const { format } = require('date-fns/format');
            console.log('bundle', add(40, 2), format(new Date(0), 'yyyy'));
            END
            cat >main.js <<'END'
            const webpack = require('webpack'); const fs = require('fs'); const { execFileSync } = require('child_process');
            webpack({ mode: 'development', target: 'node', entry: '/src/index.js', output: { path: '/dist', filename: 'out.js' } }, (error, stats) => {
              if (error || stats.hasErrors()) { console.error(error || stats.toString()); process.exit(1); }
              process.stdout.write(execFileSync(process.execPath, ['/dist/out.js']));
              const ts = require('typescript');
              console.log(ts.transpile('const x: number = 1;').trim());
            });
            END
            """;

    /** The project; the first time it is installed, from the network. */
    static Path installed(Workspace work) throws Exception {
        Host.needsTool("node");
        if (!Files.exists(CACHE.resolve("main.js"))) {
            Host.needsTool("npm");
            Path fresh = work.dir("npm");
            Outcome install = work.command(List.of("bash", "-c", "set -e\n" + INSTALL + PROGRAM))
                    .in(fresh)
                    .with("HOME", System.getenv("HOME"))
                    .within(Duration.ofMinutes(8))
                    .run();
            Assumptions.assumeFalse(
                    install.err().contains("ENOTFOUND") || install.err().contains("EAI_AGAIN"),
                    "needs the network for npm install");
            install.succeeds();
            work.sh(fresh, "mkdir -p \"$(dirname \"$1\")\"; rm -rf \"$1\"; cp -a . \"$1\"", CACHE);
        }
        return CACHE;
    }

    @Test
    void itsOwnProgramRunsInside() throws Exception {
        installed(work);
        long count = Long.parseLong(work.sh(CACHE, "find . -type f | wc -l").line());
        assertThat(count).as("files of the project").isGreaterThanOrEqualTo(10_000);
        System.err.println("the project has " + count + " files");

        String before = work.sh(CACHE, "find . -printf '%p %y %m %T@ %n\\n' | sort | sha256sum")
                .line();
        Path manifest = work.ingest(CACHE);
        assertThat(work.sh(CACHE, "find . -printf '%p %y %m %T@ %n\\n' | sort | sha256sum")
                        .line())
                .isEqualTo(before);

        List<String> options = List.of("--profile", "host-tools", "--manifest", manifest.toString(), "--workdir", "/");
        work.isolated(options, "/usr/bin/env", "node", "main.js")
                .within(Duration.ofMinutes(3))
                .run()
                .prints("bundle 42 1970\nvar x = 1;\n");
        // The bundle of the first run is gone, and the linked programs of node_modules/.bin work.
        work.isolated(
                        options,
                        "/bin/sh",
                        "-c",
                        "test ! -e /dist && ls -a / | grep -c '^src$' && node_modules/.bin/tsc --version | cut -c1-9")
                .run()
                .prints("1\nVersion 5\n");
    }

    @Test
    void itComesBackIdentical() throws Exception {
        installed(work);
        Path manifest = work.ingest(CACHE, "--jobs", "1");
        assertThat(work.ingest(CACHE, "--jobs", "4")).hasSameBinaryContentAs(manifest);
        Path out = work.dir("export").resolve("tree");
        work.velo("export", manifest.toString(), out.toString()).run().succeeds();
        assertThat(Snapshot.of(work, out)).isEqualTo(Snapshot.of(work, CACHE));
        assertThat(work.sh(CACHE, "rsync -an --checksum --delete -i ./ \"$1\"/", out)
                        .out())
                .isEmpty();
    }
}
