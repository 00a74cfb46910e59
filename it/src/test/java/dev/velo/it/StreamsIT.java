package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Standard streams that are not what one expects. */
class StreamsIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private Outcome shell(String script, Object... arguments) {
        List<String> argv = new java.util.ArrayList<>(
                List.of("bash", "-c", "velo=" + Workspace.VELO + "; base=" + work.base() + "\n" + script, "test"));
        for (Object argument : arguments) {
            argv.add(argument.toString());
        }
        return work.command(argv).run();
    }

    /** Otherwise the next file that is opened becomes the payload's input or output. */
    @Test
    void closedStreamsAreNotFilledWithOurFiles() {
        Path out = work.dir("out");
        work.sh(out, "chmod 777 .");
        for (String closed : List.of("<&-", ">&-", "2>&-", "<&- >&- 2>&-")) {
            shell(
                            "\"$velo\" run --isolate --manifest \"$base\" --bind \"$1:/out:rw\" -- /bin/sh -c"
                                    + " 'x=$(readlink /proc/$$/fd/0; readlink /proc/$$/fd/1; readlink /proc/$$/fd/2); echo \"$x\" >/out/list' "
                                    + closed,
                            out)
                    .exits(0);
            String list = work.sh(out, "cat list; rm -f list").out();
            assertThat(list.lines()).as(list).hasSize(3).noneMatch(line -> line.contains(".jar"));
            assertThat(list).contains("/dev/null").doesNotContain("/jvm/");
        }
    }

    /** A payload could reach the host's files through a directory that it was handed open. */
    @Test
    void aDirectoryIsNoStream() {
        shell("\"$velo\" run --isolate --manifest \"$base\" -- /bin/ls /proc/self/fd/0/ </")
                .refuses(125, "standard descriptor 0", "directory");
        shell("\"$velo\" run --isolate --manifest \"$base\" -- /bin/cat </etc/hostname")
                .succeeds();
    }

    @Test
    void aCurrentDirectoryThatIsGoneIsNamed() {
        for (String command : List.of("run --isolate --manifest \"$base\" -- /bin/true", "status")) {
            Outcome outcome = shell("d=$(mktemp -d); cd \"$d\"; rmdir \"$d\"; \"$velo\" " + command);
            // The shell that starts velo may have its own word on it before.
            outcome.exits(command.startsWith("run") ? 125 : 1);
            assertThat(outcome.err())
                    .contains("velo: cannot start: the current directory is gone; ")
                    .doesNotContain("\tat ");
        }
    }

    @Test
    void outputThatCannotBeWrittenIsAFailure() {
        Path manifest = work.ingest(work.tree("head -c 100000 /dev/zero >zeros"));
        for (String command : List.of("cat \"$1\" zeros", "inspect \"$1\"", "status", "completion bash")) {
            shell("\"$velo\" " + command + " >/dev/null", manifest).succeeds();
            Outcome outcome = shell("\"$velo\" " + command + " >/dev/full", manifest);
            assertThat(outcome.exit()).as(outcome.toString()).isEqualTo(1);
            assertThat(outcome.err()).contains("cannot write").doesNotContain("Exception");
        }
    }
}
