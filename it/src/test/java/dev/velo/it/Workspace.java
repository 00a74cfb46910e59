package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A place of one's own, with a store, scratch directories, and the distribution under test: one for all tests of a class where the field is
 * static, else one for each test. The system property {@code velo.repository}
 * names the clone, {@code velo.home} another distribution than the clone's.
 */
final class Workspace implements BeforeAllCallback, AfterAllCallback, BeforeEachCallback, AfterEachCallback {
    static final Path REPOSITORY = Path.of(System.getProperty("velo.repository", ".."))
            .toAbsolutePath()
            .normalize();
    static final Path HOME = Path.of(System.getProperty(
            "velo.home", REPOSITORY.resolve("runner/target/velo").toString()));
    static final Path VELO = HOME.resolve("bin/velo");

    private static final String RUNTIME = "runtime";

    private boolean shared;
    private boolean byResident;
    private Path directory;
    private Path base;

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        shared = true;
        make(context);
    }

    @Override
    public void beforeEach(ExtensionContext context) throws IOException {
        if (!shared) {
            make(context);
        }
    }

    @Override
    public void afterEach(ExtensionContext context) throws Exception {
        if (!shared) {
            remove();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        remove();
    }

    private void make(ExtensionContext context) throws IOException {
        byResident = context.getRequiredTestClass().isAnnotationPresent(ByResident.class);
        assertThat(VELO).as("the distribution; build it with mvn package").isExecutable();
        directory = Files.createTempDirectory("velo-it-").toRealPath();
        Files.createDirectories(directory.resolve("home"));
        Files.createDirectories(directory.resolve("streams"));
        Files.createDirectory(
                directory.resolve(RUNTIME),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        base = null;
        if (byResident) {
            velo("daemon", "start").run().succeeds();
        }
    }

    /** Those of other stores than the workspace's end by themselves when their sockets are gone. */
    private void endResident() {
        if (byResident) {
            Outcome status = velo("daemon", "status", "--json").run();
            velo("daemon", "stop").run();
            if (shared) {
                assertThat(status.succeeds().json().get("requests").getAsInt())
                        .as("commands that it did for the tests of the class")
                        .isPositive();
            }
        }
    }

    /** By the shell: Java cannot name every file that the tests make. */
    private void remove() throws Exception {
        if (directory != null) {
            endResident();
            new ProcessBuilder(
                            "bash",
                            "-c",
                            "chmod -R u+rwX -- \"$0\" 2>/dev/null; rm -rf -- \"$0\"",
                            directory.toString())
                    .inheritIO()
                    .start()
                    .waitFor();
        }
    }

    Path store() {
        return directory.resolve("store");
    }

    /** A new empty directory. */
    Path dir(String name) {
        try {
            return Files.createTempDirectory(directory, name + "-");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    Command command(List<String> argv) {
        return new Command(directory.resolve("streams"), directory, argv)
                .with("VR_THE_SOURCE", store().toString())
                .with("HOME", directory.resolve("home").toString())
                .with("XDG_DATA_HOME", null)
                .with("XDG_CONFIG_HOME", null)
                .with("XDG_RUNTIME_DIR", directory.resolve(RUNTIME).toString())
                .with("VELO_DAEMON", byResident ? null : "0")
                .with("VRIFT_DEBUG", null);
    }

    Command velo(String... arguments) {
        List<String> argv = new ArrayList<>(List.of(VELO.toString()));
        argv.addAll(List.of(arguments));
        return command(argv);
    }

    /** Runs a script that must succeed; its variables are $velo and $1, $2, ... */
    Outcome sh(Path in, String script, Object... arguments) {
        List<String> argv =
                new ArrayList<>(List.of("bash", "-c", "set -euo pipefail; velo=" + VELO + "\n" + script, "test"));
        for (Object argument : arguments) {
            argv.add(argument.toString());
        }
        return command(argv).in(in).run().succeeds();
    }

    /**
     * A script in a mount namespace of its own, which root alone makes; the machine never sees its mounts. Its variables are $velo and
     * $1, $2, ..., and it ends with its first command that fails.
     */
    Command mounting(String script, Object... arguments) {
        List<String> argv = new ArrayList<>(List.of("unshare", "-m", "--propagation", "private", "bash", "-euc"));
        argv.add("velo=" + VELO + "\n" + script);
        argv.add("test");
        for (Object argument : arguments) {
            argv.add(argument.toString());
        }
        return command(argv);
    }

    /** A tree made by a script. */
    Path tree(String script) {
        Path tree = dir("tree");
        sh(tree, script);
        return tree;
    }

    /** A static program, compiled from the tests' own source of that name into a tree that may become a manifest. */
    Path program(Path tree, String name) {
        Host.needsTool("gcc");
        sh(
                tree,
                "gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -static -O1 -o \"$2\" \"$1\"; chmod 755 . \"$2\"",
                REPOSITORY.resolve("it/target/test-classes").resolve(name + ".c"),
                name);
        return tree.resolve(name);
    }

    Path ingest(Path tree, String... options) {
        Path manifest = dir("manifest").resolve("tree.velo");
        List<String> arguments = new ArrayList<>(List.of("ingest", tree.toString(), "--output", manifest.toString()));
        arguments.addAll(List.of(options));
        velo(arguments.toArray(String[]::new)).run().succeeds();
        return manifest;
    }

    /** The busybox root, made by the script that users run. */
    synchronized Path base() {
        if (base == null) {
            Path manifest = directory.resolve("busybox.manifest");
            command(List.of(REPOSITORY.resolve("scripts/setup_busybox.sh").toString(), "--output", manifest.toString()))
                    .with("VELO_HOME", HOME.toString())
                    .run()
                    .succeeds();
            base = manifest;
        }
        return base;
    }

    /** Runs a command in the sandbox on the busybox root alone. */
    Command isolated(String... command) {
        return isolated(List.of("--manifest", base().toString()), command);
    }

    Command isolated(List<String> options, String... command) {
        List<String> arguments = new ArrayList<>(List.of("run", "--isolate"));
        arguments.addAll(options);
        arguments.add("--");
        arguments.addAll(List.of(command));
        return velo(arguments.toArray(String[]::new));
    }

    /** Runs a shell script in the sandbox on the busybox root with this manifest on top. */
    Command inside(Path manifest, String script) {
        return inside("auto", manifest, script);
    }

    Command inside(String placement, Path manifest, String script) {
        return isolated(
                List.of("--placement", placement, "--base", base().toString(), "--manifest", manifest.toString()),
                "/bin/sh",
                "-c",
                script);
    }
}
