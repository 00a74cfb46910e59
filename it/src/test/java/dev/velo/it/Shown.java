package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * One tree twice: copied into a directory of the host, and shown at /vrift by a run without a sandbox. To scripts it is {@code $T} and their
 * current directory; {@code $H} is an empty directory of the host. What they print of these is the same for both.
 */
final class Shown {
    static final String PREFIX = "/vrift";
    private static final String HEAD = "set -euo pipefail; shopt -s inherit_errexit; cd \"$T\"\n";

    private final Workspace work;
    private final Path manifest;
    private final Path original;

    Shown(Workspace work, Path tree) {
        this.work = work;
        manifest = work.ingest(tree);
        original = work.dir("exported").resolve("tree");
        work.velo("export", manifest.toString(), original.toString()).run().succeeds();
    }

    Path manifest() {
        return manifest;
    }

    Command natively(Path copy, Path host, String script) {
        work.sh(copy, "cp -a \"$1/.\" .", original);
        return told(work.command(bash(script)), copy.toString(), host);
    }

    /** The same script, to be run where the tree is shown. */
    Command shown(Path host, String script) {
        String[] bash = bash(script).toArray(String[]::new);
        return told(work.velo(command(bash)), PREFIX, host);
    }

    Outcome shown(String script) {
        return shown(work.dir("host"), script).run();
    }

    /** The arguments of a run of this tree. */
    String[] command(String... program) {
        String[] arguments = new String[program.length + 4];
        System.arraycopy(new String[] {"run", "--manifest", manifest.toString(), "--"}, 0, arguments, 0, 4);
        System.arraycopy(program, 0, arguments, 4, program.length);
        return arguments;
    }

    private static List<String> bash(String script) {
        return List.of("/bin/bash", "-c", HEAD + script, "bash");
    }

    private static Command told(Command command, String tree, Path host) {
        return command.with("T", tree)
                .with("H", host.toString())
                .with("LC_ALL", "C.UTF-8")
                .with("TZ", "UTC")
                .with("PYTHONDONTWRITEBYTECODE", null)
                .with("CDPATH", null)
                .within(Duration.ofSeconds(60));
    }

    /** Both succeed and say the same, and they say something. */
    Outcome same(String script) {
        Path copy = work.dir("native");
        Path host = work.dir("host");
        Path other = work.dir("host");
        Outcome there = natively(copy, host, script).run().succeeds();
        Outcome here = shown(other, script).run();
        assertThat(there.out()).as("what shows that it did something: %s", there).isNotEmpty();
        assertThat(neutral(here.err(), PREFIX, other))
                .as("standard error of %s", here)
                .isEqualTo(neutral(there.err(), copy.toString(), host));
        assertThat(neutral(here.out(), PREFIX, other))
                .as("standard output of %s", here)
                .isEqualTo(neutral(there.out(), copy.toString(), host));
        return here.succeeds();
    }

    private static String neutral(String text, String tree, Path host) {
        return text.replace(host.toString(), "$H").replace(tree, "$T");
    }
}
