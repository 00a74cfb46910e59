package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.velo.it.Bombs.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** docs/formats/run-record.md, seen from outside. */
class RecordIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static final Bombs bombs = new Bombs(work);

    private static Outcome to(Path result, String script, String... options) {
        List<String> all =
                new ArrayList<>(List.of("--manifest", work.base().toString(), "--result", result.toString()));
        all.addAll(List.of(options));
        return work.isolated(all, "/bin/sh", "-c", script)
                .within(Duration.ofSeconds(60))
                .run();
    }

    @Test
    void everyFieldIsThere() {
        Ended ended = bombs.shell(List.of("--timeout", "60s"), "sleep 0.2; exit 3");
        JsonObject record = ended.exits(3).by("exit").misses("timeout").record();
        assertThat(record.keySet())
                .containsExactly(
                        "version",
                        "exit",
                        "signal",
                        "cause",
                        "timeout",
                        "oom",
                        "wall_us",
                        "user_us",
                        "sys_us",
                        "max_rss_bytes",
                        "peak",
                        "output",
                        "limits",
                        "spaces",
                        "setup_us",
                        "failure");
        assertThat(record.get("version").getAsInt()).isEqualTo(1);
        assertThat(record.get("signal").isJsonNull()).isTrue();
        assertThat(record.get("failure").isJsonNull()).isTrue();
        assertThat(record.get("wall_us").getAsLong()).isBetween(200_000L, 60_000_000L);
        assertThat(record.get("max_rss_bytes").getAsLong()).isBetween(100_000L, 100L << 20);
        assertThat(record.getAsJsonObject("peak").keySet()).containsExactly("memory_bytes", "processes");
        assertThat(record.getAsJsonObject("output").keySet()).containsExactly("bytes", "truncated");
        assertThat(record.getAsJsonObject("limits").keySet()).containsExactly("timeout");
        assertThat(ended.limit("timeout").get("limit").getAsLong()).isEqualTo(60_000);
        assertThat(ended.limit("timeout").get("mechanism").getAsString()).isEqualTo("timer");
        assertThat(record.getAsJsonObject("spaces").keySet()).containsExactly("/tmp", "/dev/shm");
        assertThat(record.getAsJsonObject("setup_us").keySet())
                .containsExactly("plan", "prepare", "namespaces", "root", "confine", "payload");
    }

    @Test
    void aSignalIsToldFromAStatusThatLooksLikeOne() {
        Ended signal = bombs.shell(List.of(), "kill -SEGV $$");
        assertThat(signal.exits(139).by("signal").record().get("signal").getAsInt())
                .isEqualTo(11);
        Ended status = bombs.shell(List.of(), "exit 139");
        assertThat(status.exits(139).by("exit").record().get("signal").isJsonNull())
                .isTrue();
    }

    private static long processorTime(Ended ended) {
        return ended.record().get("user_us").getAsLong()
                + ended.record().get("sys_us").getAsLong();
    }

    /** Nobody inside waits for that process, and when the payload ends it lives. */
    @Test
    void theTimeOfDaemonsIsCounted() {
        long idle = processorTime(bombs.run(List.of(), "/bombs", "daemon", "0"));
        long busy = processorTime(bombs.run(List.of(), "/bombs", "daemon", "400"));
        assertThat(busy).isGreaterThanOrEqualTo(400_000);
        assertThat(idle).isLessThan(200_000);
    }

    @Test
    void aFileThatIsThereIsReplacedInOneStep() throws Exception {
        Path place = work.dir("record");
        Path result = place.resolve("r.json");
        Files.writeString(result, "an older one\n");
        Path old = Files.createLink(place.resolve("old"), result);
        var run = work.isolated(
                        List.of("--manifest", work.base().toString(), "--result", result.toString()),
                        "/bin/sh",
                        "-c",
                        "echo ready; sleep 1")
                .start()
                .says("ready");
        assertThat(result).as("while it runs").hasContent("an older one\n");
        run.await().succeeds();
        assertThat(Bombs.record(result).get("exit").getAsInt()).isZero();
        assertThat(old).as("the older one, by its other name").hasContent("an older one\n");
        assertThat(work.sh(place, "stat -c %a r.json").line()).isEqualTo("644");
        assertThat(names(place)).containsExactlyInAnyOrder("r.json", "old");

        to(result, "true", "--pids", "0").exits(125);
        assertThat(Bombs.record(result).get("cause").getAsString()).isEqualTo("launch");
        assertThat(names(place)).containsExactlyInAnyOrder("r.json", "old");
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(path -> path.getFileName().toString()).toList();
        }
    }

    @Test
    void aRunThatIsKilledLeavesNoPieceOfIt() throws Exception {
        Path place = work.dir("killed");
        var run = work.isolated(
                        List.of(
                                "--manifest",
                                work.base().toString(),
                                "--result",
                                place.resolve("r.json").toString()),
                        "/bin/sh",
                        "-c",
                        "echo ready; sleep 60")
                .start()
                .says("ready");
        run.process().destroyForcibly().waitFor();
        assertThat(names(place)).isEmpty();
    }

    @Test
    void whereItCannotGoNothingRuns() {
        Outcome missing = to(work.dir("no").resolve("such/r.json"), "echo ran");
        missing.refuses(125, "cannot write", "its directory does not exist");
        assertThat(missing.out()).isEmpty();
        Outcome directory = to(work.dir("directory"), "echo ran");
        assertThat(directory.exits(125).out()).isEmpty();
        // Nobody, not even root, makes files there.
        Outcome unwritable = to(Path.of("/proc/r.json"), "echo ran");
        unwritable.refuses(125, "cannot write the record /proc/r.json");
        assertThat(unwritable.out()).isEmpty();
        Outcome full = to(Path.of("/dev/full"), "echo ran");
        assertThat(full.exits(125).err()).contains("cannot write the record /dev/full");
    }

    @Test
    void whereTheUserMayNotWriteNothingRuns() {
        Host.needsOrdinaryUser("root may write everywhere");
        Path closed = work.dir("closed");
        work.sh(closed, "chmod 555 .");
        Outcome outcome = to(closed.resolve("r.json"), "echo ran");
        outcome.refuses(125, "cannot write the record", "Permission denied");
        assertThat(outcome.out()).isEmpty();
    }

    @Test
    void itMayGoToADevice() {
        to(Path.of("/dev/null"), "echo ran").prints("ran\n");
        assertThat(Path.of("/dev/null"))
                .satisfies(path -> assertThat(Files.isRegularFile(path)).isFalse());
        to(Path.of("/dev/null"), "echo ran", "--manifest", "/nowhere.velo").refuses(125, "/nowhere.velo");
    }

    @Test
    void aLinkToAFileIsReplacedAndOneToADeviceIsFollowed() throws Exception {
        Path place = work.dir("links");
        Files.writeString(place.resolve("target"), "kept\n");
        Files.createSymbolicLink(place.resolve("file"), Path.of("target"));
        Files.createSymbolicLink(place.resolve("device"), Path.of("/dev/null"));
        Files.createSymbolicLink(place.resolve("nothing"), Path.of("missing"));
        for (String name : List.of("file", "device", "nothing")) {
            to(place.resolve(name), "true").succeeds();
        }
        assertThat(place.resolve("target")).hasContent("kept\n");
        assertThat(Files.isSymbolicLink(place.resolve("device"))).isTrue();
        assertThat(place.resolve("missing")).doesNotExist();
        Bombs.record(place.resolve("file"));
        Bombs.record(place.resolve("nothing"));
    }

    @Test
    void aPipeThatNobodyReadsMakesNobodyWait() throws Exception {
        Path place = work.dir("pipe");
        work.sh(place, "mkfifo pipe");
        Outcome refused = to(place.resolve("pipe"), "echo ran");
        refused.refuses(125, "cannot write the record");
        assertThat(refused.out()).isEmpty();
        to(place.resolve("pipe"), "echo ran", "--manifest", "/nowhere.velo").refuses(125, "/nowhere.velo");

        for (String options : List.of("", "--manifest /nowhere.velo")) {
            Outcome read = work.sh(
                    place,
                    "cat pipe >got & \"$velo\" run --isolate --manifest \"$1\" " + options
                            + " --result pipe -- /bin/true 2>said || true; wait; cat got",
                    work.base());
            JsonObject record = Bombs.parse(read.out());
            assertThat(record.get("cause").getAsString()).isEqualTo(options.isEmpty() ? "exit" : "launch");
        }
    }

    /** What failed, where, why and what to do: the line on standard error again. */
    private static JsonObject fails(int status, String stage, List<String> options, String... command) {
        Path result = work.dir("failure").resolve("r.json");
        List<String> all =
                new ArrayList<>(List.of("--manifest", work.base().toString(), "--result", result.toString()));
        all.addAll(options);
        Outcome outcome =
                work.command(bombs.withoutGroups(work.isolated(all, command))).run();
        JsonObject record = Bombs.record(result);
        JsonObject failure = record.getAsJsonObject("failure");
        outcome.exits(status);
        assertThat(record.get("exit").getAsInt()).isEqualTo(status);
        assertThat(record.get("cause").getAsString()).isEqualTo("launch");
        assertThat(record.get("signal").isJsonNull()).isTrue();
        assertThat(failure.keySet()).containsExactly("stage", "errno", "type", "what", "reason", "remedy");
        assertThat(failure.get("stage").getAsString()).as(outcome.toString()).isEqualTo(stage);
        String line = "velo: %s: %s; %s"
                .formatted(
                        failure.get("what").getAsString(),
                        failure.get("reason").getAsString(),
                        failure.get("remedy").getAsString());
        assertThat(outcome.err().strip()).isEqualTo(line);
        return failure;
    }

    private static String reason(JsonObject failure) {
        return failure.get("reason").getAsString();
    }

    @Test
    void eachStageThatFailsIsNamed() {
        String nowhere = work.dir("nowhere").resolve("m.velo").toString();
        assertThat(fails(125, "plan", List.of("--manifest", nowhere), "/bin/true")
                        .get("errno")
                        .isJsonNull())
                .isTrue();
        fails(125, "plan", List.of("--profile", "/nowhere.yaml"), "/bin/true");
        assertThat(reason(fails(125, "prepare", List.of("--cpus", "1"), "/bin/true")))
                .isNotBlank();
        JsonObject workdir = fails(125, "payload", List.of("--workdir", "/nowhere"), "/bin/true");
        assertThat(workdir.get("errno").getAsInt()).as("ENOENT").isEqualTo(2);
        assertThat(reason(fails(127, "exec", List.of(), "/nowhere"))).isEqualTo("no such command in the sandbox");
        fails(127, "exec", List.of(), "nowhere");
        assertThat(reason(fails(126, "exec", List.of(), "/etc/passwd"))).isEqualTo("Permission denied");
        Path script = work.tree("printf '#!/nowhere\\n' >script; chmod 755 script");
        fails(127, "exec", List.of("--manifest", work.ingest(script).toString()), "/script");
    }

    @Test
    void theNamespacesAreAStage() {
        Host.needsOrdinaryUser("root's sandboxes need no user namespace of the caller's");
        Path place = work.dir("none");
        Outcome outcome = work.command(List.of(
                        "unshare",
                        "--user",
                        "--map-user=54321",
                        "--keep-caps",
                        "bash",
                        "-c",
                        "echo 0 >/proc/sys/user/max_user_namespaces; exec \"$@\"",
                        "bash",
                        Workspace.VELO.toString(),
                        "run",
                        "--isolate",
                        "--manifest",
                        work.base().toString(),
                        "--result",
                        place.resolve("r.json").toString(),
                        "--",
                        "/bin/true"))
                .run();
        outcome.refuses(125, "cannot make a user namespace");
        JsonObject failure = Bombs.record(place.resolve("r.json")).getAsJsonObject("failure");
        assertThat(failure.get("stage").getAsString()).isEqualTo("namespaces");
    }

    @Test
    void namesThatAreNoTextMakeNoBadRecord() throws Exception {
        Path place = work.dir("odd");
        String script =
                "\"$velo\" run --isolate --manifest \"$1\" --result r.json --workdir %s -- %s 2>said || true; cat r.json";
        String odd = "$'/no\\xff\\x01\"\\\\\\n\\t\\x7f\\xc3\\xed\\xa0\\x80\\u2028\\U1F4A3'";
        JsonObject failure = Bombs.parse(
                        work.sh(place, script.formatted("/", odd), work.base()).out())
                .getAsJsonObject("failure");
        assertThat(failure.get("what").getAsString())
                .startsWith("cannot run /no\uFFFD\uFFFD\"\\\uFFFD\uFFFD\uFFFD\uFFFD")
                .endsWith("\u2028\uD83D\uDCA3");
        String quoted = "$'/no\"\\\\\\n\\t\\x7f'";
        failure = Bombs.parse(work.sh(place, script.formatted(quoted, "/bin/true"), work.base())
                        .out())
                .getAsJsonObject("failure");
        assertThat(failure.get("what").getAsString()).isEqualTo("cannot enter /no\"\\\uFFFD\uFFFD\uFFFD");
        failure = Bombs.parse(work.sh(
                                place,
                                script.formatted("/ --manifest $'/\\x01\"\\\\\\n.velo'", "/bin/true"),
                                work.base())
                        .out())
                .getAsJsonObject("failure");
        assertThat(failure.get("what").getAsString()).contains("\"\\");
    }
}
