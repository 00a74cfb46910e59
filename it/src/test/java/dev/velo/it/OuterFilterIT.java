package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** An outer filter refuses something that has no second way, or ends a process of the launcher's: then nothing runs, and why is told. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OuterFilterIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private Path filter;

    @BeforeAll
    void build() {
        filter = work.program(work.dir("filter"), "older");
    }

    private Outcome run(List<String> before, String answer, String calls, List<String> options, String... command) {
        List<String> argv = new ArrayList<>(before);
        argv.addAll(List.of(filter.toString(), answer, calls, "--"));
        argv.addAll(List.of(
                Workspace.VELO.toString(),
                "run",
                "--isolate",
                "--manifest",
                work.base().toString()));
        argv.addAll(options);
        argv.add("--");
        argv.addAll(List.of(command));
        return work.command(argv).run();
    }

    /** The payload's identity must not get what only root's groups may read. */
    @Test
    void rootDoesNotLeaveItsGroupsToThePayload() {
        Host.needsRoot("an ordinary user keeps his groups, which give what he has");
        List<String> grouped = List.of("setpriv", "--groups", "4");
        String[] groups = {"/bin/grep", "Groups", "/proc/self/status"};
        assertThat(run(grouped, "EPERM", "setns", List.of("--net", "host"), groups)
                        .succeeds()
                        .out())
                .as("without a filter on setgroups")
                .doesNotContainPattern("[0-9]");
        run(grouped, "EPERM", "setgroups", List.of(), groups).refuses(125, "cannot drop supplementary groups");
    }

    @Test
    void aNetworkThatCannotBeEnteredIsToldByTheDoctor() {
        run(List.of(), "EPERM", "setns", List.of(), "/bin/true").refuses(125, "network", "setns");
        Outcome doctor = work.command(
                        List.of(filter.toString(), "EPERM", "setns", "--", Workspace.VELO.toString(), "doctor"))
                .run();
        assertThat(doctor.out().lines().filter(line -> line.contains("network-namespace")))
                .singleElement()
                .asString()
                .contains("setns");
        assertThat(work.velo("doctor").run().out().lines().filter(line -> line.contains("network-namespace")))
                .singleElement()
                .asString()
                .doesNotContain("setns");
    }

    /** dup3 is the companion's alone, and setns init's. */
    @Test
    void aProcessOfTheLauncherThatIsKilledIsNoProgramThatRan() {
        for (String call : List.of("dup3", "setns")) {
            Path result = work.dir("result").resolve("record.json");
            run(List.of(), "KILL", call, List.of("--result", result.toString()), "/bin/touch", "/ran")
                    .refuses(125, "signal 31");
            JsonObject record = Bombs.record(result);
            assertThat(record.get("exit").getAsInt()).isEqualTo(125);
            assertThat(record.get("cause").getAsString()).isEqualTo("launch");
            assertThat(record.getAsJsonObject("failure").get("what").getAsString())
                    .contains("sandbox");
        }
    }
}
