package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How a run without a sandbox ends: statuses, signals, limits, the record, and what is left. */
class ShimEndIT {
    @RegisterExtension
    static final GreetingTree greeting = new GreetingTree();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 42, 124, 125, 126, 127, 255})
    void theExitStatusIsThePrograms(int status) {
        greeting.run("/bin/sh", "-c", "test -f /vrift/hello.txt || exit 99; exit " + status)
                .run()
                .exits(status);
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "KILL, 137", "INT, 130", "SEGV, 139", "PIPE, 141"})
    void deathBySignalIs128PlusItsNumber(String signal, int status) {
        greeting.run("/bin/sh", "-c", "test -f /vrift/hello.txt && kill -" + signal + " $$; sleep 5")
                .run()
                .exits(status);
    }

    @Test
    void aCommandThatIsNotThereIs127() throws IOException {
        greeting.run("/vrift/frobnicate").run().refuses(127, "/vrift/frobnicate");
        greeting.run("/bin/frobnicate").run().refuses(127, "/bin/frobnicate");
        greeting.run("frobnicate").run().refuses(127, "frobnicate");
        greeting.run("/vrift/orphan").run().refuses(127, "/vrift/orphan");
        greeting.nothingIsLeft();
    }

    @Test
    void aCommandThatCannotBeExecutedIs126() throws IOException {
        greeting.run("/vrift/data").run().refuses(126, "/vrift/data");
        greeting.run("/vrift/dir").run().refuses(126, "/vrift/dir");
        greeting.run("/vrift/broken").run().refuses(126, "/vrift/broken");
        greeting.nothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT", "HUP", "USR1", "USR2", "QUIT"})
    void signalsReachTheProgram(String signal) {
        Outcome outcome = greeting.run(
                        "/bin/sh",
                        "-c",
                        "trap 'cat /vrift/hello.txt; exit 7' " + signal + "; echo ready; while :; do sleep 0.1; done")
                .start()
                .says("ready")
                .signal(signal)
                .await()
                .exits(7);
        assertThat(outcome.out()).isEqualTo("ready\nhello\n");
    }

    /** What a process of the run sends to its group was meant for that: the program has it from there. */
    @Test
    void aSignalToTheOwnGroupArrivesOnce() {
        greeting.work().sh(greeting.work().dir("here"), """
                setsid -w "$velo" run --manifest "$1" -- /bin/bash -c '
                    test -f /vrift/hello.txt; trap "echo got" USR1; kill -USR1 0; sleep 0.3; echo end' >out
                test "$(cat out)" = "got
                end"
                """, greeting.app());
    }

    @Test
    void itStopsAndGoesOnWithTheProgram() throws IOException {
        // As a job of a shell: in a group whose parent is in no other group of the session the kernel drops SIGTSTP.
        Path number = greeting.work().dir("number").resolve("number");
        List<String> job = new ArrayList<>(
                List.of("bash", "-c", "set -m; \"$@\" & echo $! >\"$0\"; wait -f $!", number.toString()));
        job.addAll(greeting.run("/bin/sh", "-c", "cat /vrift/hello.txt; read x <&0; sleep 1; echo end")
                .argv());
        Command.Running running = greeting.work().command(job).start().says("hello");
        String process = Files.readString(number).strip();
        greeting.work().sh(Path.of("/"), "kill -TSTP $1", process);
        Path status = Path.of("/proc/" + process + "/stat");
        for (int i = 0; i < 200 && !Files.readString(status).contains(") T "); i++) {
            Command.pause(10);
        }
        assertThat(Files.readString(status)).contains(") T ");
        greeting.work().sh(Path.of("/"), "kill -CONT $1", process);
        assertThat(running.await().succeeds().out()).isEqualTo("hello\nend\n");
    }

    @Test
    void whatTheProgramLeavesRunningEndsWithIt() throws IOException {
        greeting.run("/bin/sh", "-c", "cat /vrift/hello.txt; (setsid sleep 987653 &) ; sleep 987653 & echo started")
                .run()
                .prints("hello\nstarted\n");
        assertThat(greeting.work()
                        .sh(Path.of("/"), "pgrep -f '^sleep 987653$' || true")
                        .out())
                .isEmpty();
        greeting.nothingIsLeft();
    }

    @Test
    void theTimeLimitIs124() throws IOException {
        greeting.run(
                        List.of("--timeout", "1s"),
                        "/bin/sh",
                        "-c",
                        "cat /vrift/hello.txt; trap '' TERM; sleep 60; sleep 60")
                .run()
                .exits(124);
        greeting.run(List.of("--timeout", "60s"), "/bin/sh", "-c", "test -f /vrift/hello.txt && exit 3")
                .run()
                .exits(3);
        greeting.nothingIsLeft();
    }

    @Test
    void whatIsKilledIsRemovedByTheNextStart() throws Exception {
        Command.Running running = greeting.run("/bin/sh", "-c", "cat /vrift/hello.txt; exec sleep 987652")
                .start()
                .says("hello");
        running.signal("KILL").await();
        for (int i = 0; i < 200; i++) {
            if (greeting.work()
                    .sh(Path.of("/"), "pgrep -f '^sleep 987652$' || true")
                    .out()
                    .isEmpty()) {
                break;
            }
            Command.pause(10);
        }
        assertThat(greeting.work()
                        .sh(Path.of("/"), "pgrep -f '^sleep 987652$' || true")
                        .out())
                .isEmpty();
        greeting.work().velo("status", "--no-daemon").run().succeeds();
        greeting.nothingIsLeft();
    }

    @Test
    void theRecordSaysHowItEnded() throws IOException {
        Path file = greeting.work().dir("record").resolve("r.json");
        greeting.run(List.of("--result", file.toString()), "/bin/sh", "-c", "test -f /vrift/hello.txt && exit 5")
                .run()
                .exits(5);
        JsonObject record = record(file);
        assertThat(record.get("exit").getAsInt()).isEqualTo(5);
        assertThat(record.get("cause").getAsString()).isEqualTo("exit");
        assertThat(record.get("wall_us").getAsLong()).isPositive();
        greeting.run(List.of("--result", file.toString()), "/vrift/none").run().exits(127);
        record = record(file);
        assertThat(record.get("cause").getAsString()).isEqualTo("launch");
        assertThat(record.getAsJsonObject("failure").get("what").getAsString()).contains("/vrift/none");
        greeting.run(List.of("--result", file.toString(), "--timeout", "1s"), "/bin/sh", "-c", "ls /vrift; sleep 60")
                .run()
                .exits(124);
        record = record(file);
        assertThat(record.get("timeout").getAsBoolean()).isTrue();
        assertThat(record.getAsJsonObject("limits")
                        .getAsJsonObject("timeout")
                        .get("limit")
                        .getAsInt())
                .isEqualTo(1000);
    }

    private static JsonObject record(Path file) throws IOException {
        return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    }
}
