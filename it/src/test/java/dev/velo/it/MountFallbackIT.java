package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Runs where an outer filter (older.c) refuses the new mount API or openat2, beside the same runs where it does not: what the payload sees of
 * its mounts must be the same.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MountFallbackIT {
    private static final String MOUNTS = "open_tree,move_mount,fsopen,fsconfig,fsmount,fspick,mount_setattr";
    private static final String NOTHING = "";
    private static final String CONTAINER = "EPERM " + MOUNTS;
    private static final String OLD_RUNTIME = "ENOSYS " + MOUNTS;
    private static final String NO_OPENAT2 = "ENOSYS openat2";
    private static final String NONE_OF_ALL = "EPERM " + MOUNTS + ",openat2";
    private static final String LINUX_5_11 = "ENOSYS mount_setattr";

    @RegisterExtension
    final Workspace work = new Workspace();

    private Path older;
    private Path manifest;

    @BeforeAll
    void build() {
        Path tree = work.tree("mkdir d; echo layer >d/file");
        older = work.program(tree, "older");
        manifest = work.ingest(tree);
    }

    private List<String> filtered(String filter, List<String> command) {
        List<String> argv = new ArrayList<>();
        if (!filter.isEmpty()) {
            argv.addAll(List.of(older.toString(), filter.split(" ")[0], filter.split(" ")[1], "--"));
        }
        argv.addAll(command);
        return argv;
    }

    private List<String> sandbox(List<String> options, String... command) {
        List<String> argv = new ArrayList<>(List.of(Workspace.VELO.toString(), "run", "--isolate"));
        argv.addAll(List.of("--base", work.base().toString(), "--manifest", manifest.toString()));
        argv.addAll(options);
        argv.add("--");
        argv.addAll(List.of(command));
        return argv;
    }

    private Outcome run(String filter, List<String> options, String... command) {
        return work.command(filtered(filter, sandbox(options, command))).run();
    }

    private Path open(Path directory) {
        work.sh(directory, "chmod 777 .");
        return directory;
    }

    /** One line a mount, without numbers: where and on what, of what, with which options. Overlays name their layers by descriptors. */
    private static List<String> mounts(String mountinfo) {
        Map<String, String> points = new HashMap<>();
        mountinfo.lines().map(line -> line.split(" ")).forEach(fields -> points.put(fields[0], fields[4]));
        return mountinfo
                .lines()
                .map(line -> line.split(" "))
                .map(fields -> fields[4] + " on " + points.getOrDefault(fields[1], "nothing") + " of " + fields[3] + " "
                        + Arrays.stream(fields).skip(5).collect(Collectors.joining(" ")))
                .map(line -> line.replaceAll("\\b(lowerdir\\+?|datadir\\+?|upperdir|workdir)=[^, ]*,?", ""))
                .sorted()
                .toList();
    }

    private List<String> mounts(String filter, List<String> options) {
        return mounts(run(filter, options, "/bin/cat", "/proc/self/mountinfo")
                .succeeds()
                .out());
    }

    @ParameterizedTest
    @ValueSource(strings = {CONTAINER, OLD_RUNTIME, NO_OPENAT2, NONE_OF_ALL, LINUX_5_11})
    void theFilterIsThere(String filter) {
        String[] calls = filter.split(" ")[1].split(",");
        List<String> question = new ArrayList<>(List.of(older.toString(), "ask"));
        question.addAll(List.of(calls));
        String errno = filter.split(" ")[0];
        assertThat(work.command(filtered(filter, question)).run().succeeds().out())
                .isEqualTo(Arrays.stream(calls)
                        .map(call -> call + " " + errno + "\n")
                        .collect(Collectors.joining()));
        assertThat(work.command(question).run().succeeds().out()).doesNotContain(errno);
    }

    @ParameterizedTest
    @ValueSource(strings = {NOTHING, CONTAINER, OLD_RUNTIME, NO_OPENAT2, NONE_OF_ALL, LINUX_5_11})
    void aRunDoesWhatItDoesAndNoMore(String filter) {
        Path host = open(work.tree("echo host >file; mkdir sub"));
        String script = """
                refused() { "$@" 2>/dev/null && echo "NOT REFUSED: $*"; }
                cat /d/file /data/file /single; cat /proc/sys/kernel/random/boot_id
                echo new >/d/new; cat /d/new; rm /d/file; ls /d; echo x >/tmp/x; cat /tmp/x
                echo gone >/dev/null; cat /dev/null; head -c 3 /dev/zero | wc -c; echo w >/rw/written; cat /rw/written
                /older terminal
                for file in kcore keys kmsg kallsyms cmdline sysrq-trigger timer_list; do
                  test ! -e /proc/$file || test -z "$(cat /proc/$file 2>/dev/null)" || echo "SHOWN: $file"
                done
                test -z "$(ls -A /proc/fs)" || echo SHOWN
                refused sh -c 'echo x >/dev/new'; refused sh -c 'echo x >/data/new'; refused rm /data/file; refused touch /dev/null
                refused umount /proc/fs; refused umount /dev/null; refused umount /data; refused mount -o remount,rw /data
                (echo x >/proc/sys/kernel/hostname) 2>&1 | grep -o 'Read-only file system'
                ls -id / /.. | sed 's/ .*//' | uniq | wc -l
                """;
        List<String> options =
                List.of("--bind", host + ":/data", "--bind", host + "/file:/single", "--bind", host + "/sub:/rw:rw");
        work.sh(host.resolve("sub"), "chmod 777 .");
        Outcome outcome = run(filter, options, "/bin/sh", "-c", script).succeeds();
        assertThat(outcome.out())
                .isEqualTo("layer\nhost\nhost\n00000000-0000-4000-8000-000000000000\nnew\nnew\nx\n3\nw\nworks\n"
                        + "Read-only file system\n1\n");
        assertThat(outcome.err()).isEmpty();
        assertThat(host.resolve("sub/written")).hasContent("w\n");
        assertThat(host.resolve("new")).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(strings = {CONTAINER, OLD_RUNTIME, NO_OPENAT2, NONE_OF_ALL, LINUX_5_11})
    void everyMountIsProtectedAlike(String filter) {
        Path host = open(work.tree("echo host >file"));
        List<String> plain =
                List.of("--bind", host + ":/data", "--bind", host + ":/rw:rw", "--bind", host + "/file:/single");
        List<String> expected = mounts(NOTHING, plain);
        assertThat(expected).hasSizeGreaterThan(20).allMatch(line -> line.contains("nosuid"));
        assertThat(expected).noneMatch(line -> line.contains("shared:") || line.contains("master:"));
        assertThat(mounts(filter, plain)).isEqualTo(expected);
        for (List<String> options : List.of(List.of("--disk", "2M"), List.of("--profile", "host-tools"))) {
            assertThat(mounts(filter, options)).isEqualTo(mounts(NOTHING, options));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {CONTAINER, OLD_RUNTIME, LINUX_5_11})
    void metadataLayersAreMountedToo(String filter) {
        boolean able = answers(NOTHING).get("store-metadata").get("ok").getAsBoolean();
        Assumptions.assumeTrue(able, "needs metadata layers (velo doctor: store-metadata)");
        assertThat(answers(filter).get("store-metadata").get("ok").getAsBoolean())
                .isTrue();
        List<String> options = List.of("--placement", "metadata");
        assertThat(mounts(filter, options)).isEqualTo(mounts(NOTHING, options));
        run(filter, options, "/bin/cat", "/d/file").prints("layer\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {CONTAINER, LINUX_5_11})
    void theLimitOfTheDiskHoldsAndChangesAreCaptured(String filter) {
        Path result = work.dir("result").resolve("changes.velo");
        run(
                        filter,
                        List.of("--disk", "2M", "--output", result.toString()),
                        "/bin/sh",
                        "-c",
                        "rm -r /d; mkdir /d; ls -A /d; echo kept >/d/new; dd if=/dev/zero of=/big bs=1M count=4 2>/dev/null; rm /big")
                .prints("");
        work.isolated(List.of("--manifest", result.toString()), "/bin/sh", "-c", "ls /d; cat /d/new")
                .run()
                .prints("new\nkept\n");
        assertThat(run(filter, List.of("--disk", "2M"), "/bin/dd", "if=/dev/zero", "of=/big", "bs=1M", "count=4")
                        .err())
                .contains("No space left on device");
        run(filter, List.of("--disk", "8M"), "/bin/dd", "if=/dev/zero", "of=/big", "bs=1M", "count=4")
                .succeeds();
    }

    /** In a mount namespace of one's own, with a tmpfs in a tmpfs below $1, the inner one noexec; then the rest. */
    private Outcome amongMounts(String filter, String mode, String more, String script) {
        Path place = open(work.dir("place"));
        String prepare = """
                place=$1; shift
                mount -t tmpfs none "$place"; mkdir "$place/a b"; mount -t tmpfs -o noexec,noatime none "$place/a b"
                mkdir "$place/a b/c"; mount -t tmpfs -o ro none "$place/a b/c"; %s
                chmod 777 "$place" "$place/a b"
                exec "$@"
                """.formatted(more);
        List<String> argv = new ArrayList<>(List.of("unshare", "--mount", "--propagation", "private"));
        if (!Host.isRoot()) {
            argv.addAll(List.of("--user", "--map-current-user", "--keep-caps"));
        }
        List<String> trial = new ArrayList<>(argv);
        trial.addAll(List.of("mount", "-t", "tmpfs", "none", place.toString()));
        Assumptions.assumeTrue(work.command(trial).tryRun(), "needs unshare(1) that can make mounts here");
        argv.addAll(List.of("bash", "-euc", prepare, "test", place.toString()));
        argv.addAll(filtered(filter, sandbox(List.of("--bind", place + ":/data:" + mode), "/bin/sh", "-c", script)));
        return work.command(argv).run();
    }

    private static List<String> seen(Outcome outcome) {
        return mounts(outcome.succeeds().out().replaceAll("velo-it-[^ ]*", "PLACE"));
    }

    @ParameterizedTest
    @ValueSource(strings = {CONTAINER, OLD_RUNTIME, NO_OPENAT2, NONE_OF_ALL, LINUX_5_11})
    void whatIsMountedBelowABindIsProtectedToo(String filter) {
        String show = "grep ' /data' /proc/self/mountinfo";
        for (String mode : List.of("ro", "rw")) {
            List<String> expected = seen(amongMounts(NOTHING, mode, "", show));
            assertThat(expected).hasSize(3).allMatch(line -> line.contains(",nosuid,nodev"));
            assertThat(seen(amongMounts(filter, mode, "", show))).isEqualTo(expected);
        }
        String write =
                "for d in /data '/data/a b' '/data/a b/c'; do touch \"$d/new\" 2>/dev/null && echo \"$d\"; done; true";
        amongMounts(filter, "rw", "", write).prints("/data\n/data/a b\n");
        amongMounts(filter, "ro", "", write).prints("");
    }

    /** What lies below the root of another mount nobody reaches; what lies below a directory that was mounted over may come back. */
    @ParameterizedTest
    @ValueSource(strings = {CONTAINER, LINUX_5_11})
    void whatCannotBeProtectedIsRefused(String filter) {
        String write = "for d in /data '/data/a b'; do touch \"$d/new\" 2>/dev/null && echo \"$d\"; done; true";
        amongMounts(filter, "ro", "mount -t tmpfs none \"$place/a b\"", write).prints("");
        String hide = "mkdir -p $place/h/i; mount -t tmpfs none $place/h/i; mount -t tmpfs none $place/h";
        amongMounts(NOTHING, "ro", hide, write).prints("");
        amongMounts(filter, "ro", hide, write).refuses(125, "hidden by another one");
    }

    @ParameterizedTest
    @ValueSource(strings = {CONTAINER, OLD_RUNTIME, NONE_OF_ALL, LINUX_5_11})
    void rootBindsWhatOnlyRootReachesAndLeavesNoMountOutside(String filter) throws IOException {
        Host.needsRoot("a directory that the sandbox's identity cannot reach");
        Path locked = work.tree(
                "mkdir open other; echo x >open/file; echo y >other/file; chown 12345 other; chmod 700 other .");
        work.sh(locked, "chmod 755 open; chmod 644 open/file other/file");
        List<String> options = List.of("--bind", locked + "/open:/data", "--bind", locked + "/other/file:/single");
        run(filter, options, "/bin/sh", "-c", "cat /data/file /single; ls / | grep -c '^d$'")
                .prints("x\ny\n1\n");
        assertThat(Files.readString(Path.of("/proc/self/mountinfo")))
                .doesNotContain(work.store().toString());
        try (var runs = Files.list(work.store().resolve("leases"))) {
            assertThat(runs.filter(path -> path.getFileName().toString().startsWith("run-")))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {CONTAINER, NO_OPENAT2, NONE_OF_ALL})
    void aLinkOfTheImageIsFollowedAsItWouldBeInside(String filter) {
        Path host = open(work.tree("echo other >other"));
        Path app = work.ingest(work.tree("ln -s /etc escape"));
        run(
                        filter,
                        List.of("--manifest", app.toString(), "--bind", host + "/other:/escape/hostname"),
                        "/bin/sh",
                        "-c",
                        "cat /etc/hostname; readlink /escape")
                .prints("other\n/etc\n");
    }

    private Map<String, JsonObject> answers(String filter) {
        Map<String, JsonObject> answers = new HashMap<>();
        String json = work.command(filtered(filter, List.of(Workspace.VELO.toString(), "doctor", "--json")))
                .run()
                .succeeds()
                .out();
        for (JsonElement check : JsonParser.parseString(json).getAsJsonObject().getAsJsonArray("checks")) {
            answers.put(check.getAsJsonObject().get("name").getAsString(), check.getAsJsonObject());
        }
        return answers;
    }

    @Test
    void doctorTellsWhichOfBothIsUsed() {
        JsonObject mounts = answers(NOTHING).get("mount-api");
        assertThat(mounts.get("ok").getAsBoolean()).isTrue();
        assertThat(mounts.get("detail").getAsString()).contains("fsopen");
        Map.of(CONTAINER, "fsopen", OLD_RUNTIME, "fsopen", LINUX_5_11, "mount_setattr", NO_OPENAT2, "openat2")
                .forEach((filter, call) -> {
                    Map<String, JsonObject> answers = answers(filter);
                    JsonObject refused = answers.get("mount-api");
                    assertThat(refused.get("ok").getAsBoolean()).isFalse();
                    assertThat(refused.get("needed").getAsBoolean()).isFalse();
                    assertThat(refused.get("type").getAsString()).isEqualTo("mount-api");
                    assertThat(refused.get("reason").getAsString()).contains(call);
                    assertThat(answers.values())
                            .filteredOn(answer -> answer.get("needed").getAsBoolean())
                            .allMatch(answer -> answer.get("ok").getAsBoolean());
                });
    }
}
