package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Many sandboxes, 16 at a time; as many as the system property {@code velo.many} says. */
class ManySandboxesIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final String MARK = "765432197";
    private static final int AT_A_TIME = 16;
    private static final int MOST_KIB = 1024;
    private static final List<String> NAMESPACES = List.of("net", "mnt", "user", "pid", "ipc", "uts", "cgroup");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /**
     * What was seen of one that ran: the most memory that the two processes of its launcher ever had, in KiB, and the namespaces of its
     * payload, as links in /proc, and those of its control groups that are not the caller's. Other tests have namespaces and control groups,
     * too, at the same time; so only these are looked for afterwards.
     */
    private record Seen(long supervisor, long init, Map<Path, Path> namespaces, Set<String> controlGroups) {}

    @Test
    void eachIsCorrectAndNothingIsLeft() throws Exception {
        int many = Integer.getInteger("velo.many", 100);
        Path app = work.ingest(work.tree("echo common >file"));
        work.inside(app, "true").run().succeeds();
        Traces before = Traces.of(work, MARK);
        Path gate = work.dir("gate");
        Files.setPosixFilePermissions(gate, PosixFilePermissions.fromString("rwxr-xr-x"));
        long began = System.nanoTime();
        List<Seen> seen = new ArrayList<>();
        ExecutorService threads = Executors.newFixedThreadPool(AT_A_TIME);
        try {
            List<Future<Seen>> sandboxes = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                int number = i;
                sandboxes.add(threads.submit(() -> measured(app, gate, number)));
            }
            for (Future<Seen> sandbox : sandboxes) {
                seen.add(sandbox.get());
            }
        } finally {
            threads.shutdownNow();
        }
        long supervisor = seen.stream().mapToLong(Seen::supervisor).max().orElseThrow();
        long init = seen.stream().mapToLong(Seen::init).max().orElseThrow();
        System.err.printf(
                "%d sandboxes, %d at a time, in %d s; at most %d KiB for a supervisor, %d KiB for an init%n",
                many, AT_A_TIME, (System.nanoTime() - began) / 1_000_000_000, supervisor, init);
        assertThat(supervisor).as("KiB of a supervisor").isBetween(1L, (long) MOST_KIB);
        assertThat(init).as("KiB of an init").isBetween(1L, (long) MOST_KIB);
        nothingIsLeftBut(before);
        List<String> groups = work.sh(Path.of("/"), "find /sys/fs/cgroup -type d 2>/dev/null || true")
                .out()
                .lines()
                .toList();
        for (Seen one : seen) {
            assertThat(one.namespaces.entrySet().stream()
                            .filter(link -> link.getValue().equals(target(link.getKey()))))
                    .as("namespaces")
                    .isEmpty();
            assertThat(groups.stream()
                            .filter(group -> one.controlGroups.stream().anyMatch(group::endsWith)))
                    .as("control groups")
                    .isEmpty();
        }
        work.inside(app, "cat /file; ls /").run().succeeds();
        work.velo("verify").run().succeeds();
    }

    /** Without this the test above might look where nothing ever is. */
    @Test
    void whileOneRunsItIsSeen() throws Exception {
        Path app = work.ingest(work.tree("echo common >file"));
        work.inside(app, "true").run().succeeds();
        Traces before = Traces.of(work, MARK);
        var running = sandbox(app, work.dir("gate"), 7).start().says("ready 7\n");
        Traces during = Traces.of(work, MARK).without(before);
        assertThat(during.processes()).as("supervisor, init and payload").hasSizeGreaterThanOrEqualTo(2);
        assertThat(during.runDirectories()).hasSize(1);
        Seen seen = seen(running.process().pid());
        assertThat(seen.namespaces)
                .hasSize(NAMESPACES.size())
                .allSatisfy((link, target) -> assertThat(target)
                        .isEqualTo(target(link))
                        .isNotEqualTo(target(Path.of("/proc/self/ns").resolve(link.getFileName()))));
        running.signal("KILL").await();
        work.velo("status").run().succeeds();
        nothingIsLeftBut(before);
    }

    /** Its own number in memory, in a file of its own root and in its exit status, with a file of a manifest replaced. */
    private static Command sandbox(Path app, Path gate, int number) {
        String script = """
                echo %d >/own; rm /file; echo %d >/file; sleep %s & echo ready %d
                while [ ! -e /gate/%d ]; do usleep 20000; done
                cat /own /file; find / -xdev -name 'own*' | wc -l; hostname; exit %d
                """.formatted(number, number, MARK, number, number, number % 120);
        return work.isolated(
                        List.of(
                                "--base", work.base().toString(),
                                "--manifest", app.toString(),
                                "--bind", gate + ":/gate:ro"),
                        "/bin/sh",
                        "-c",
                        script)
                .within(Duration.ofMinutes(5));
    }

    /** Held until its launcher has been looked at. */
    private static Seen measured(Path app, Path gate, int number) throws IOException {
        var running = sandbox(app, gate, number).start().says("ready " + number + "\n");
        Seen seen = seen(running.process().pid());
        Files.createFile(gate.resolve(Integer.toString(number)));
        Outcome outcome = running.await().exits(number % 120);
        assertThat(outcome.out()).isEqualTo("ready %d%n%d%n%d%n1%nvelo%n".formatted(number, number, number));
        assertThat(outcome.err()).isEmpty();
        return seen;
    }

    private static Seen seen(long supervisor) throws IOException {
        long init = child(supervisor);
        Path payload = Path.of("/proc/" + child(init), "ns");
        Map<Path, Path> namespaces = new HashMap<>();
        for (String name : NAMESPACES) {
            namespaces.put(payload.resolve(name), Files.readSymbolicLink(payload.resolve(name)));
        }
        Set<String> groups = controlGroups(payload.resolveSibling("cgroup"));
        groups.removeAll(controlGroups(Path.of("/proc/self/cgroup")));
        return new Seen(peak(supervisor), peak(init), namespaces, groups);
    }

    private static long child(long process) throws IOException {
        String children = Files.readString(Path.of("/proc/%d/task/%d/children".formatted(process, process)));
        assertThat(children.strip()).as("the one child of process %d", process).matches("[0-9]+");
        return Long.parseLong(children.strip());
    }

    /** Without the hierarchy that each is in. */
    private static Set<String> controlGroups(Path list) throws IOException {
        try (Stream<String> lines = Files.lines(list)) {
            return lines.map(line -> line.replaceFirst("^[^/]*", "")).collect(Collectors.toCollection(TreeSet::new));
        }
    }

    /** Where a link leads, or nowhere where its process has ended. */
    private static Path target(Path link) {
        try {
            return Files.readSymbolicLink(link);
        } catch (IOException e) {
            return Path.of("");
        }
    }

    private static long peak(long process) throws IOException {
        try (Stream<String> lines = Files.lines(Path.of("/proc/" + process, "status"))) {
            List<String> status = lines.toList();
            assertThat(status.get(0)).isEqualTo("Name:\tvelo-launch");
            return status.stream()
                    .filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Other tests may run at the same time, and what they have comes and goes: what is left is found each time. */
    private static void nothingIsLeftBut(Traces before) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        Traces left = Traces.of(work, MARK).without(before);
        while (!left.isEmpty() && System.nanoTime() < deadline) {
            Command.pause(100);
            left = left.and(Traces.of(work, MARK));
        }
        assertThat(left.processes()).as("processes").isEmpty();
        assertThat(left.mounts()).as("mounts").isEmpty();
        assertThat(left.runDirectories()).as("run directories and leases").isEmpty();
    }
}
