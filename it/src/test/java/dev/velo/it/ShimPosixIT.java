package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The tree of a run without a sandbox answers as a disk does: a program of several thousand cases (resources/shim) prints the same lines in a
 * copy of its fixture and, under the preload library, in the fixture itself.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ShimPosixIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final Path SOURCES = Workspace.REPOSITORY.resolve("it/target/test-classes/shim");
    private static final String PLACE = "/vrift/base";
    private static final Duration LIMIT = Duration.ofMinutes(4);

    private Path battery;
    private Path fixture;
    private Path manifest;
    private PosixDifferences differences;

    @BeforeAll
    void build() {
        Host.needsTool("gcc");
        Path program = work.dir("program");
        work.sh(
                program,
                "gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -O1 $2 -o posix_battery \"$1\"/*.c -pthread",
                SOURCES,
                linking());
        battery = program.resolve("posix_battery");
        // The subject permission becomes another user, who must reach the store's files.
        work.sh(program, "chmod 711 .. .");
        fixture = work.dir("fixture");
        work.sh(fixture, "mkdir base; \"$1\" fixture \"$PWD/base\"", battery);
        manifest = work.ingest(fixture);
        differences = PosixDifferences.read(
                differences().stream().map(SOURCES::resolve).toArray(Path[]::new));
    }

    /** How the battery is linked. */
    String linking() {
        return "";
    }

    List<String> differences() {
        return List.of("differences.list");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "open",
                "rename",
                "unlink",
                "link",
                "symlink",
                "attribute",
                "directory",
                "identity",
                "dirfd",
                "cwd",
                "pointer",
                "data",
                "lock",
                "special",
                "stdio",
                "walker",
                "proc",
                "permission",
                "process",
                "matrix",
                "moments",
                "types",
                "owner",
                "opath",
                "resolve",
                "running",
                "unnamed",
                "model",
                "storm",
                "cursor",
                "values",
                "flow",
                "handles",
                "places",
                "peers",
                "holders",
                "events",
                "users"
            })
    void aTreeAnswersAsADiskDoes(String subject) {
        skip(subject);
        List<String> disk = lines(onDisk(subject, copyFor(subject)));
        Outcome tree = inTree(subject).run();
        work.velo("verify").run().succeeds();
        differences.compare(subject, disk, lines(tree));
        tree.succeeds();
        assertThat(tree.err()).as("standard error of %s", subject).isEmpty();
    }

    void skip(String subject) {}

    /** Nothing of a run is left for the next one. */
    @Test
    void eachRunBeginsWithTheManifest() {
        Command change = run("sh", "-c", "rm -r old/000; mkdir new; echo x >old/001/file; ls old | wc -l");
        String first = change.run().succeeds().out();
        change.run().prints(first);
        run("cat", "old/000/file").run().prints("content of file\n");
    }

    /** The control of all others: what they see is nowhere but under the library. */
    @Test
    void withoutTheLibraryThereIsNoTree() {
        assertThat(Path.of(PLACE)).doesNotExist();
        Outcome alone =
                work.command(List.of(battery.toString(), "open", PLACE)).run().exits(3);
        assertThat(alone.out()).isEmpty();
        assertThat(alone.err()).contains("ENOENT");
    }

    @Test
    void allSubjectsAreRun() throws NoSuchMethodException {
        ValueSource run = ShimPosixIT.class
                .getDeclaredMethod("aTreeAnswersAsADiskDoes", String.class)
                .getAnnotation(ValueSource.class);
        Outcome all = work.command(List.of(battery.toString(), "subjects")).run();
        assertThat(lines(all.succeeds())).containsExactly(run.strings());
    }

    /** Of the same file system as the store. Few subjects use all of the fixture. */
    private Path copyFor(String subject) {
        Path copy = work.dir("disk").resolve("base");
        String rooms = subject.equals("open") ? "???" : "0??";
        String more = subject.equals("directory") ? "cp -a base/many \"$1\"" : "";
        work.sh(fixture, "mkdir -p \"$1/old\"; cp -a base/old/" + rooms + " \"$1/old\"\n" + more, copy);
        return copy;
    }

    private Outcome onDisk(String subject, Path copy) {
        Outcome disk = work.command(List.of(battery.toString(), subject, copy.toString()))
                .within(LIMIT)
                .run()
                .succeeds();
        assertThat(lines(disk)).hasSizeGreaterThan(20);
        return disk;
    }

    private Command inTree(String subject) {
        return run(battery.toString(), subject, PLACE);
    }

    /** A command with the tree's directory as its own. */
    private Command run(String... command) {
        List<String> arguments = new ArrayList<>(List.of("run", "--manifest", manifest.toString(), "--"));
        arguments.addAll(List.of("sh", "-c", "cd " + PLACE + " && exec \"$@\"", "sh"));
        arguments.addAll(List.of(command));
        return work.velo(arguments.toArray(String[]::new)).within(LIMIT);
    }

    private static List<String> lines(Outcome outcome) {
        return outcome.out().lines().toList();
    }
}
