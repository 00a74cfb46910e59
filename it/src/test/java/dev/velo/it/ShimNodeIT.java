package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A project with more than ten thousand files of well-known packages works at /vrift, without a sandbox, as in a copy of it. */
@Tag("once")
class ShimNodeIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final String SCRIPT = """
            set -euo pipefail
            cd "$T"
            sed "s#'/src#'$T/src#; s#'/dist#'$T/dist#g" main.js >here.js
            node here.js
            sha256sum <dist/out.js
            node_modules/.bin/tsc --version
            echo 'const n: number = [1, 2].map((x: number): number => x * 21).reduce((a, b) => a + b); console.log("ts", n);' >src/one.ts
            node_modules/.bin/tsc --outDir dist src/one.ts
            node dist/one.js
            echo "test('adds', () => { expect(require('lodash').add(40, 2)).toBe(42); });" >src/one.test.js
            node_modules/.bin/jest --ci --rootDir src --cacheDirectory "$T/cache" 2>&1 | grep -E '^(PASS|FAIL|Tests:)'
            echo 'var unused = 1' >src/bad.js
            node_modules/.bin/eslint --no-eslintrc --rule 'semi: 2' src/bad.js | sed "s#$T##" || true
            node -e '
              const fs = require("fs"), path = require("path");
              const all = fs.readdirSync("node_modules", { recursive: true }).length;
              console.log(all > 10000, path.relative(process.env.T, require.resolve("lodash")), path.relative(process.env.T, fs.realpathSync("node_modules/.bin/tsc")));
            '
            npm ls --depth=0 --offline 2>&1 | sed 's#/.*##' | LC_ALL=C sort
            rm -rf node_modules/core-js
            ls node_modules | wc -l
            """;

    private static Command told(Command command, String tree) {
        return command.with("T", tree)
                .with("LC_ALL", "C.UTF-8")
                .with("CI", "1")
                .with("HOME", tree)
                .within(Duration.ofMinutes(4));
    }

    @Test
    void aProjectOfNodeWorksOnTheTree() throws Exception {
        Path project = RealProjectIT.installed(work);
        Path manifest = work.ingest(project);
        String store = Snapshot.ofStore(work, work.store());
        Path copy = work.dir("native");
        work.sh(copy, "cp -a \"$1/.\" .", project);
        Outcome there = told(work.command(List.of("/bin/bash", "-c", SCRIPT)), copy.toString())
                .run()
                .succeeds();
        Outcome here = told(
                        work.velo("run", "--manifest", manifest.toString(), "--", "/bin/bash", "-c", SCRIPT),
                        Shown.PREFIX)
                .run();
        assertThat(there.out()).contains("bundle 42 1970", "ts 63", "PASS", "true node_modules/lodash");
        assertThat(here.err()).isEqualTo(there.err());
        assertThat(here.out()).isEqualTo(there.out());
        here.succeeds();
        assertThat(Snapshot.ofStore(work, work.store())).as("the store's files").isEqualTo(store);
        work.velo("verify").run().succeeds();
    }
}
