package dev.velo.it;

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
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What a hostile payload tries (attacks.c), with and without a network, each act first in namespaces of the same kinds that nothing hardens.
 * attacks.table says what must come out.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AttackIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private record Attack(String name, List<String> inside, List<String> outside, String what) {}

    private static final Path RESOURCES = Workspace.REPOSITORY.resolve("it/target/test-classes");

    private Path program;
    private Path manifest;

    @BeforeAll
    void build() {
        Host.needsTool("gcc");
        Path tree = work.tree("""
                awk -v form=c -f "$0/table.awk" "$0/syscalls.table" >../syscalls.inc
                """.replace("$0", RESOURCES.toString()));
        work.sh(
                tree,
                "gcc -std=c11 -D_GNU_SOURCE -Wall -Werror -static -O1 -I.. -o attacks \"$1\"; chmod 755 . attacks",
                RESOURCES.resolve("attacks.c"));
        program = tree.resolve("attacks");
        manifest = work.ingest(tree);
    }

    private Map<String, String> outcomes(Command command) {
        Map<String, String> found = new TreeMap<>();
        command.run().succeeds().out().lines().forEach(line -> found.put(line.split(" ")[0], line.split(" ")[1]));
        return found;
    }

    private Map<String, String> inside(String network, String... arguments) {
        List<String> command = new ArrayList<>(List.of("/attacks"));
        command.addAll(List.of(arguments));
        return outcomes(work.isolated(
                List.of("--net", network, "--base", work.base().toString(), "--manifest", manifest.toString()),
                command.toArray(String[]::new)));
    }

    private Map<String, String> outside() {
        Host.needsTool("unshare");
        // As the caller, and in namespaces of its own even for root: what succeeds here must not hurt the host.
        return outcomes(work.command(List.of(
                "unshare",
                "--user",
                "--map-root-user",
                "-m",
                "-p",
                "-f",
                "-u",
                "-n",
                "-i",
                "--mount-proc",
                program.toString())));
    }

    private static List<Attack> attacks() throws IOException {
        List<Attack> attacks = new ArrayList<>();
        for (String line : Files.readAllLines(RESOURCES.resolve("attacks.table"))) {
            if (!line.startsWith("#")) {
                String[] parts = line.split(" \\| ");
                attacks.add(new Attack(
                        parts[0], Arrays.asList(parts[1].split(",")), Arrays.asList(parts[2].split(",")), parts[3]));
            }
        }
        return attacks;
    }

    @TestFactory
    List<DynamicTest> everyActIsRefusedInsideAndGetsFurtherOutside() throws IOException {
        Map<String, String> none = inside("none");
        Map<String, String> host = inside("host");
        Map<String, String> outside = outside();
        List<DynamicTest> tests = new ArrayList<>();
        for (Attack attack : attacks()) {
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
                        .isSubsetOf(attacks().stream().map(Attack::name).toList())));
        return tests;
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
        return Files.readAllLines(RESOURCES.resolve("syscalls.table")).stream()
                .filter(line -> line.startsWith(" "))
                .flatMap(line -> Arrays.stream(line.trim().split(" ")))
                .map(call -> call.replaceFirst(":.*", ""))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    @Test
    void withoutTheFilterTheKernelLooksAtEachOfThem() {
        Host.needsRoot("others are refused before the kernel looks at the arguments");
        assertThat(outcomes(work.command(List.of(
                        "unshare", "-m", "-p", "-f", "-u", "-n", "-i", "--mount-proc", program.toString(), "calls"))))
                .hasSizeGreaterThan(50)
                .allSatisfy((call, outcome) -> assertThat(outcome).as(call).isNotEqualTo("EPERM"));
    }

    @Test
    void aPayloadHasNoRightsAndCannotGetAny() {
        String status = work.inside(manifest, "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status")
                .run()
                .succeeds()
                .out();
        assertThat(status.replaceAll("\\s+", " ").trim())
                .isEqualTo("CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000"
                        + " CapBnd: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 Seccomp: 2");
        String init = work.inside(manifest, "grep -E '^(Cap(Prm|Eff|Bnd|Amb)|NoNewPrivs)' /proc/1/status")
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
                        manifest,
                        "cat /proc/sys/kernel/random/boot_id /etc/machine-id /proc/cmdline 2>/dev/null;"
                                + " cat /proc/self/mountinfo; cat /proc/1/cmdline; hostname")
                .run()
                .out();
        assertThat(seen)
                .startsWith("00000000-0000-4000-8000-000000000000\n")
                .doesNotContain(id, work.store().toString());
    }

    @Test
    void oneSandboxDoesNotUseUpWhatTheUserHasOfInotify() {
        Path place = work.dir("inotify");
        Outcome outcome = work.sh(place, """
                mkfifo hold; exec 3<>hold
                "$velo" run --isolate --base "$1" --manifest "$2" -- /attacks inotify <hold >inside 2>errors & run=$!
                for i in $(seq 600); do [ ! -s inside ] || break; sleep 0.05; done
                "$3" inotify </dev/null >outside
                exec 3>&-; wait "$run"
                cat inside outside
                """, work.base(), manifest, program);
        List<String> lines = outcome.out().lines().toList();
        int inside = Integer.parseInt(lines.get(0).split(" ")[0]);
        int outside = Integer.parseInt(lines.get(1).split(" ")[0]);
        assertThat(lines.get(0)).endsWith("EMFILE");
        assertThat(inside).isBetween(1, 64);
        Assumptions.assumeTrue(
                outside + inside > 64 || Host.isRoot(), "needs a host that allows more than 64 instances to a user");
        assertThat(outside).as("instances left to the same user").isPositive();
    }
}
