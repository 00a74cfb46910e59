package dev.velo.it;

import static dev.velo.it.AttackProgram.outcomes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What a hostile payload tries (resources/attacks), with and without a network, each act also in namespaces of the same kinds that nothing
 * hardens, and in another sandbox. attacks.table says what must come out.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AttackIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    /** As the caller, and in namespaces of its own even for root: what succeeds here must not hurt the host. */
    private static final List<String> NAMESPACES =
            List.of("unshare", "--user", "--map-root-user", "-m", "-p", "-f", "-u", "-n", "-i", "-C", "--mount-proc");

    /** The one that the table was made with. */
    private static final String BUBBLEWRAP = "bubblewrap 0.8.0";

    private AttackProgram program;

    @BeforeAll
    void build() {
        program = AttackProgram.build(work);
    }

    private Map<String, String> inside(String network, String... arguments) {
        return outcomes(program.inside(List.of("--net", network), arguments));
    }

    @TestFactory
    List<DynamicTest> everyActIsRefusedInsideAndGetsFurtherOutside() throws IOException {
        Host.needsTool("unshare");
        Map<String, String> none = inside("none");
        Map<String, String> host = inside("host");
        Map<String, String> outside = outcomes(program.outside(NAMESPACES));
        List<DynamicTest> tests = new ArrayList<>();
        for (Attack attack : Attack.all()) {
            if (attack.isOfAnotherArchitecture()) {
                continue;
            }
            tests.add(dynamicTest(
                    attack.name() + ": " + attack.what(),
                    () -> assertAll(
                            () -> assertThat(outside.get(attack.name()))
                                    .as("outside")
                                    .isIn(attack.outside()),
                            () -> assertThat(none.get(attack.name()))
                                    .as("inside")
                                    .isIn(attack.inside()),
                            () -> assertThat(host.get(attack.name()))
                                    .as("inside, with the host's network")
                                    .isIn(attack.inside()))));
        }
        tests.add(dynamicTest(
                "the table names every act",
                () -> assertThat(none.keySet())
                        .containsExactlyInAnyOrderElementsOf(outside.keySet())
                        .isSubsetOf(Attack.all().stream().map(Attack::name).toList())));
        return tests;
    }

    /** Beside what docs/attacks.md says of another sandbox stands what that one does here. */
    @Test
    void bubblewrapDoesWhatTheTableSaysOfIt() throws IOException {
        Host.needsTool("bwrap");
        assertThat(program.file()).isExecutable();
        String version =
                work.command(List.of("bwrap", "--version")).run().succeeds().line();
        Assumptions.assumeTrue(
                version.equals(BUBBLEWRAP), "the table is of " + BUBBLEWRAP + ", and here is " + version);
        String place = program.file().getParent().toString();
        List<String> sandbox = List.of(("bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp --bind "
                        + place + " " + place + " --chdir " + place)
                .split(" "));
        Outcome start = work.command(concatenated(sandbox, "/bin/true")).run();
        Assumptions.assumeTrue(start.exit() == 0, "bubblewrap cannot run here: " + start.err());
        Map<String, String> found = outcomes(program.outside(sandbox));
        assertAll(Attack.all().stream()
                .filter(attack -> !attack.isOfAnotherArchitecture())
                .map(attack -> () -> assertThat(found.get(attack.name()))
                        .as(attack.name())
                        .isIn(Host.isRoot() ? attack.bubblewrapByRoot() : attack.bubblewrapByUser())));
    }

    private static List<String> concatenated(List<String> command, String last) {
        List<String> all = new ArrayList<>(command);
        all.add(last);
        return all;
    }

    @Test
    void noCallOfTheTableGetsPastTheFilter() throws IOException {
        Map<String, String> calls = inside("none", "calls");
        assertThat(calls)
                .allSatisfy((call, outcome) -> assertThat(outcome).as(call).isEqualTo("EPERM"));
        List<String> absent = named();
        absent.removeAll(calls.keySet());
        // A misspelt one would be absent, too.
        if (System.getProperty("os.arch").equals("amd64")) {
            assertThat(absent).containsExactlyInAnyOrder("stime", "umount");
        } else {
            assertThat(calls).hasSizeGreaterThan(45);
        }
    }

    private static List<String> named() throws IOException {
        return Files.readAllLines(AttackProgram.RESOURCES.resolve("syscalls.table")).stream()
                .filter(line -> line.startsWith(" "))
                .flatMap(line -> Arrays.stream(line.trim().split(" ")))
                .map(call -> call.replaceFirst(":.*", ""))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    @Test
    void withoutTheFilterTheKernelLooksAtEachOfThem() {
        Host.needsRoot("others are refused before the kernel looks at the arguments");
        assertThat(outcomes(program.outside(
                        List.of("unshare", "-m", "-p", "-f", "-u", "-n", "-i", "--mount-proc"), "calls")))
                .hasSizeGreaterThan(50)
                .allSatisfy((call, outcome) -> assertThat(outcome).as(call).isNotEqualTo("EPERM"));
    }

    @Test
    void aPayloadHasNoRightsAndCannotGetAny() {
        String status = work.inside(program.manifest(), "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status")
                .run()
                .succeeds()
                .out();
        assertThat(status.replaceAll("\\s+", " ").trim())
                .isEqualTo("CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000"
                        + " CapBnd: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 Seccomp: 2");
        String init = work.inside(program.manifest(), "grep -E '^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs)' /proc/1/status")
                .run()
                .succeeds()
                .out();
        assertThat(init.replaceAll("\\s+", " ").trim())
                .isEqualTo("CapPrm: 0000000000000000 CapEff: 0000000000000000"
                        + " CapBnd: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1");
    }

    @Test
    void theMachineDoesNotShow() throws IOException {
        String id = Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).trim();
        String seen = work.inside(
                        program.manifest(),
                        "cat /proc/sys/kernel/random/boot_id /etc/machine-id /proc/cmdline 2>/dev/null;"
                                + " cat /proc/self/mountinfo; cat /proc/1/cmdline; hostname")
                .run()
                .out();
        assertThat(seen)
                .startsWith("00000000-0000-4000-8000-000000000000\n")
                .doesNotContain(id, work.store().toString());
    }
}
