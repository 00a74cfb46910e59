package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * One tree twice: copied into a directory of the host, and shown at /vrift by a run without a sandbox. To scripts it is {@code $T} and their
 * current directory; {@code $H} is an empty directory of the host. What they print of these is the same for both. After each test the store
 * is as it was before.
 */
final class Shown implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {
    static final String PREFIX = "/vrift";
    private static final String HEAD = "set -euo pipefail; cd \"$T\"\n";
    private static final Path RESOURCES = Workspace.REPOSITORY.resolve("it/target/test-classes");

    private final Workspace work = new Workspace();
    private Path manifest;
    private Path original;
    private String store;

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        Host.needsTool("gcc");
        assertThat(Path.of(PREFIX)).as("where nothing is without a run").doesNotExist();
        work.beforeAll(context);
        manifest = work.ingest(work.tree("bash -euo pipefail %1$s/shim-programs/tree.sh %1$s".formatted(RESOURCES)));
        original = work.dir("exported").resolve("tree");
        work.velo("export", manifest.toString(), original.toString()).run().succeeds();
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        store = Snapshot.ofStore(work, work.store());
    }

    @Override
    public void afterEach(ExtensionContext context) {
        assertThat(Snapshot.ofStore(work, work.store())).as("the store's files").isEqualTo(store);
        assertThat(work.store().resolve("leases")).isEmptyDirectory();
        work.velo("verify").run().succeeds();
        assertThat(Path.of(PREFIX)).doesNotExist();
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        work.afterAll(context);
    }

    Workspace work() {
        return work;
    }

    /** A run of the tree without a sandbox. */
    Command run(String... program) {
        List<String> arguments = new ArrayList<>(List.of("run", "--manifest", manifest.toString(), "--"));
        arguments.addAll(List.of(program));
        return work.velo(arguments.toArray(String[]::new));
    }

    /** The script, where the tree is shown. */
    Command shown(Path host, String script) {
        return told(run("/bin/bash", "-c", HEAD + script, "bash"), PREFIX, host);
    }

    private Command natively(Path copy, Path host, String script) {
        work.sh(copy, "cp -a \"$1/.\" .", original);
        return told(work.command(List.of("/bin/bash", "-c", HEAD + script, "bash")), copy.toString(), host);
    }

    private static Command told(Command command, String tree, Path host) {
        return command.with("T", tree)
                .with("H", host.toString())
                .with("LC_ALL", "C.UTF-8")
                .with("TZ", "UTC")
                .with("CDPATH", null)
                .with("PYTHONDONTWRITEBYTECODE", null)
                .within(Duration.ofSeconds(60));
    }

    /** Both succeed and say the same, and they say something. */
    Outcome same(String script) {
        Path copy = work.dir("native");
        Path host = work.dir("host");
        Path other = work.dir("host");
        Outcome there = natively(copy, host, script).run().succeeds();
        Outcome here = shown(other, script).run();
        assertThat(there.out())
                .as("what shows that it did something: %s", there)
                .isNotEmpty();
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
