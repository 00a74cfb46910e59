package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.it.Bombs.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every bomb (bombs.c) ends inside its limit, the record says by what, and without the limit it goes on. */
class BombsIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final Bombs bombs = new Bombs(work);

    private static final List<String> MEMORY = List.of(
            "private 64",
            "shared 64",
            "memfd 64",
            "file 64 /tmp/x",
            "file 60 /dev/shm/x",
            "file 64 /x",
            "pipes 48",
            "many 32 2");

    private static final String MARK = "bomb-" + System.nanoTime();

    @Test
    void memoryOfEveryKindIsCountedTogether() {
        bombs.needsGroup();
        Set<String> before = Bombs.groups();
        for (String bomb : MEMORY) {
            // The root in memory, too; and somebody who would go on when the kernel kills one process only.
            Ended ended = bombs.shell(
                    List.of("--memory", "32M", "--disk", "256M"),
                    "sleep 60 & (sleep 60; echo late) & /bombs " + bomb + "; sleep 60; : " + MARK);
            ended.exits(137).by("memory").hits("memory");
            // Version 1 kills one process, perhaps another than the bomb, and what waited for that goes on for a
            // moment.
            assertThat(ended.outcome().out()).as(bomb).doesNotContain("went on");
            assertThat(ended.outcome().err())
                    .as(bomb)
                    .endsWith("velo: ended the program: it needed more memory than its limit\n");
            assertThat(ended.record().get("oom").getAsBoolean()).as(bomb).isTrue();
            assertThat(ended.record().get("timeout").getAsBoolean()).as(bomb).isFalse();
            assertThat(ended.number("peak", "memory_bytes")).as(bomb).isBetween(30L << 20, 32L << 20);
            assertThat(ended.limit("memory").get("enforced").getAsBoolean()).isTrue();
            Bombs.nobodyHas(MARK);
        }
        Bombs.noneBeside(before);
    }

    @Test
    void memoryOfEveryKindGoesOnWithoutALimit() {
        StringBuilder all = new StringBuilder();
        MEMORY.forEach(bomb -> all.append("/bombs ").append(bomb).append("; rm -f /tmp/x /dev/shm/x /x; "));
        Ended ended = bombs.shell(List.of("--disk", "256M"), all.toString());
        assertThat(ended.exits(0).by("exit").outcome().out().lines())
                .hasSize(MEMORY.size())
                .allMatch(line -> line.startsWith("went on "));
        assertThat(ended.record().get("oom").getAsBoolean()).isFalse();
    }

    @Test
    void belowTheLimitNothingHappens() {
        bombs.needsGroup();
        Ended ended = bombs.run(List.of("--memory", "48M"), "/bombs", "private", "32");
        assertThat(ended.exits(0).by("exit").misses("memory").outcome().line()).isEqualTo("went on 32");
        assertThat(ended.number("peak", "memory_bytes")).isBetween(32L << 20, 48L << 20);
    }

    @Test
    void aLimitTooSmallForAnythingIsNotMistakenForAFailure() {
        bombs.needsGroup();
        bombs.run(List.of("--memory", "1"), "/bin/true").exits(137).by("memory").hits("memory");
    }

    /** One run of all bombs that no group is needed for. */
    private static final String OTHERS =
            "/bombs threads 60; /bombs file 8 /x; rm -f /x; mkdir /many; /bombs files 5000 /many; /bombs inotify 80; /bombs file 80 /dev/shm/x";

    @Test
    void processesDiskInodesAndInotifyEndInsideTheirLimits() {
        Ended ended = bombs.shell(List.of("--pids", "20", "--disk", "4M"), OTHERS);
        ended.exits(0).by("exit").hits("disk");
        List<String> lines = ended.outcome().out().lines().toList();
        assertThat(lines).hasSize(5);
        // The shell is one of the twenty, and so is the first thread.
        assertThat(lines.get(0)).isEqualTo("stopped 18 Resource temporarily unavailable");
        assertThat(lines.get(1)).isEqualTo("stopped 4 No space left on device");
        assertThat(lines.get(2)).matches("stopped 20[0-9][0-9] No space left on device");
        assertThat(lines.get(3)).isEqualTo("stopped 64 Too many open files");
        assertThat(lines.get(4)).isEqualTo("stopped 64 No space left on device");
        if (ended.limit("pids").get("mechanism").getAsString().startsWith("cgroup")) {
            ended.hits("pids");
            assertThat(ended.number("peak", "processes")).isEqualTo(21);
        } else {
            assertThat(ended.limit("pids").get("mechanism").getAsString()).isEqualTo("rlimit-nproc");
            assertThat(ended.limit("pids").get("hit").isJsonNull()).isTrue();
        }
        var root = ended.record().getAsJsonObject("spaces").getAsJsonObject("/");
        assertThat(root.get("inodes_used")).isEqualTo(root.get("inodes"));
        var shared = ended.record().getAsJsonObject("spaces").getAsJsonObject("/dev/shm");
        assertThat(shared.get("bytes_used")).isEqualTo(shared.get("bytes"));
    }

    @Test
    void processesDiskAndInodesGoOnWithoutALimit() {
        Ended ended = bombs.shell(List.of("--pids", "200", "--disk", "32M"), OTHERS + "; /bombs file 80 /tmp/x");
        ended.exits(0).by("exit").misses("disk");
        List<String> lines = ended.outcome().out().lines().toList();
        assertThat(lines.subList(0, 3)).containsExactly("went on 60", "went on 8", "went on 5000");
        assertThat(lines.get(5)).as("/tmp is larger than /dev/shm").isEqualTo("went on 80");
        if (ended.limit("pids").get("mechanism").getAsString().startsWith("cgroup")) {
            ended.misses("pids");
        }
        // Nothing of the sandbox's keeps a caller from more.
        assertThat(work.command(List.of(bombs.program().toString(), "inotify", "80"))
                        .run()
                        .line())
                .isEqualTo("went on 80");
    }

    @Test
    void inodesOfSharedMemoryHaveALimit() {
        Ended ended = bombs.run(List.of(), "/bombs", "files", "70000", "/dev/shm");
        assertThat(ended.exits(0).outcome().line()).isEqualTo("stopped 65535 No space left on device");
        var shared = ended.record().getAsJsonObject("spaces").getAsJsonObject("/dev/shm");
        assertThat(shared.get("inodes_used")).isEqualTo(shared.get("inodes"));
    }

    @Test
    void descriptorsStayBelowTheCallersHardLimit() {
        String run = "ulimit -n 4096; ulimit -Hn $1; exec \"$velo\" run --isolate --base \"$2\" --manifest \"$3\""
                + " -- /bombs descriptors 2000";
        for (var expected : List.of("400 stopped 397 Too many open files", "4096 went on 2000")) {
            String[] parts = expected.split(" ", 2);
            String script = run.replace("ulimit -n 4096", "ulimit -Sn " + parts[0]);
            assertThat(work.sh(work.dir("d"), script, parts[0], work.base(), bombs.manifest())
                            .line())
                    .isEqualTo(parts[1]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"deaf", "hop", "explode", "stop"})
    void whoeverWillNotEndIsEndedInTime(String bomb) {
        Set<String> before = Bombs.groups();
        long began = System.nanoTime();
        Ended ended = bombs.run(List.of("--timeout", "1s", "--pids", "20"), "/bombs", bomb, "0", MARK);
        Bombs.nobodyHas(MARK);
        ended.exits(124).by("timeout").hits("timeout");
        assertThat(ended.record().get("timeout").getAsBoolean()).isTrue();
        assertThat(ended.record().get("signal").getAsInt()).isEqualTo(bomb.equals("stop") ? 15 : 9);
        // Two seconds to end in, and none for who ends at the first word.
        assertThat(ended.record().get("wall_us").getAsLong())
                .isBetween(bomb.equals("stop") ? 1_000_000L : 3_000_000L, (System.nanoTime() - began) / 1000);
        Bombs.noneBeside(before);
    }

    /** The positive control of the above, and what becomes of a run whose supervisor is killed. */
    @ParameterizedTest
    @ValueSource(strings = {"deaf", "hop", "stop"})
    void withoutALimitItGoesOnUntilItsSupervisorIsKilled(String bomb) throws Exception {
        String mark = MARK + "-" + bomb;
        List<String> options = bombs.options("--pids", "20");
        var run = work.isolated(options, "/bombs", bomb, "0", mark).start().says(bomb.substring(0, 3));
        Command.pause(1500);
        assertThat(run.process().isAlive()).isTrue();
        // The supervisor's command line does not tell.
        assertThat(Bombs.processes(mark)).as("processes of the payload").isNotEmpty();
        run.process().destroyForcibly().waitFor();
        for (int i = 0; i < 100 && !Bombs.processes(mark).isEmpty(); i++) {
            // It is the kernel that kills them, a moment after it has told who killed the supervisor.
            Command.pause(20);
        }
        Bombs.nobodyHas(mark);
    }

    /** In a group of its own, where no other run clears away. */
    @Test
    void theGroupOfAKilledRunGoesWithTheNextAndThatOfALivingOneStays() throws Exception {
        Host.needsRoot("control groups of version 1");
        Path hierarchy = Path.of("/sys/fs/cgroup/memory");
        Assumptions.assumeTrue(
                Files.exists(hierarchy.resolve("memory.limit_in_bytes")), "needs memory groups of version 1");
        String own = Files.readAllLines(Path.of("/proc/self/cgroup")).stream()
                .filter(line -> line.contains(":memory:"))
                .map(line -> line.substring(line.indexOf(":/") + 2))
                .findFirst()
                .orElseThrow();
        Path group = Files.createDirectory(hierarchy.resolve(own).resolve("it-" + System.nanoTime()));
        try {
            Command.Running killed =
                    inGroup(group, "echo ready; sleep 60").start().says("ready");
            Set<String> first = children(group);
            assertThat(first).hasSize(1);
            killed.process().destroyForcibly().waitFor();
            Command.pause(500);
            assertThat(children(group)).as("nobody is there to remove it").isEqualTo(first);

            Command.Running living = inGroup(group, "trap 'exit 6' USR1; echo ready; while :; do sleep 0.1; done")
                    .start();
            living.says("ready");
            assertThat(children(group)).as("the next run removes it").hasSize(1).doesNotContainAnyElementsOf(first);
            inGroup(group, "echo a third").run().prints("a third\n");
            assertThat(children(group)).as("that of a run that lives").hasSize(1);
            living.signal("USR1").await().exits(6);
            assertThat(children(group)).isEmpty();
        } finally {
            Command.pause(200);
            Files.delete(group);
        }
    }

    private static Command inGroup(Path group, String script) {
        List<String> argv =
                new ArrayList<>(List.of("bash", "-c", "echo $$ >\"$0\"/cgroup.procs && exec \"$@\"", group.toString()));
        argv.addAll(
                work.isolated(List.of("--manifest", work.base().toString(), "--memory", "64M"), "/bin/sh", "-c", script)
                        .argv());
        return work.command(argv);
    }

    private static Set<String> children(Path group) throws IOException {
        try (Stream<Path> all = Files.list(group)) {
            return all.filter(Files::isDirectory).map(Path::toString).collect(Collectors.toSet());
        }
    }

    @Test
    void theEndOfAPayloadIsTheEndOfItsDaemons() {
        Ended ended = bombs.shell(
                List.of(),
                "/bombs daemon 10 " + MARK + "; (sleep 300 " + MARK + "; :) & setsid sleep 301 & exit 5; : " + MARK);
        Bombs.nobodyHas(MARK);
        ended.exits(5).by("exit");
    }

    @Test
    void aBombLeavesItsNeighboursAlone() {
        String answer = "trap 'echo still here; exit 4' USR1; echo ready; while :; do sleep 0.1; done";
        List<String> limits = Host.isRoot() ? List.of("--memory", "32M", "--pids", "20") : List.of("--pids", "20");
        List<String> options = bombs.options(limits.toArray(String[]::new));
        var neighbour = work.isolated(options, "/bin/sh", "-c", answer).start().says("ready");
        try {
            bombs.run(List.of("--pids", "20", "--timeout", "1s"), "/bombs", "explode")
                    .exits(124);
            bombs.run(List.of("--max-output", "1000"), "/bombs", "flood", "100000")
                    .exits(137);
            if (Host.isRoot()) {
                bombs.needsGroup();
                bombs.run(List.of("--memory", "32M"), "/bombs", "private", "64").exits(137);
            }
        } finally {
            neighbour.signal("USR1");
        }
        assertThat(neighbour.await().exits(4).out()).isEqualTo("ready\nstill here\n");
    }
}
