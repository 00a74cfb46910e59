package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** With --strict every process of a run is supervised: what goes past the preload library is answered as well, and told of at the end. */
class ShimStrictIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final String TOLD = " system calls went past the preload library";

    private Path programs;

    private List<String> arguments(List<String> options, String... command) {
        programs = work.dir("programs");
        work.sh(
                programs,
                "gcc -std=c11 -O1 -o calls \"$1/shim-static/calls.c\"; gcc -std=c11 -O1 -static -o static \"$1/shim-static/calls.c\"",
                Workspace.REPOSITORY.resolve("it/target/test-classes"));
        Path manifest = work.ingest(work.tree(
                "echo hello >a; mkdir -p d/zone; echo deep >d/n; cp /usr/share/zoneinfo/Asia/Kolkata d/zone/ 2>/dev/null || true; cp \"%s/calls\" raw"
                        .formatted(programs)));
        List<String> all = new ArrayList<>(List.of("run", "--manifest", manifest.toString()));
        all.addAll(options);
        all.add("--");
        for (String word : command) {
            all.add(word.replace("$P", programs.toString()));
        }
        return all;
    }

    private Command run(List<String> options, String... command) {
        Host.needsTool("gcc");
        return work.velo(arguments(options, command).toArray(String[]::new));
    }

    @Test
    void callsPastTheLibraryAreServedAndTold() {
        String[] command = {"sh", "-c", "$P/calls /vrift/a; cd /vrift/d; $P/calls n; /vrift/raw /vrift/a"};
        Outcome without = run(List.of(), command).run().exits(1);
        assertThat(without.out()).contains("openat: No such file or directory");
        assertThat(without.err()).doesNotContain(TOLD);
        Outcome with = run(List.of("--strict"), command).run().succeeds();
        assertThat(with.out())
                .matches(
                        "read 6, size 6, cwd /.*: hello\\nread 5, size 5, cwd /vrift/d: deep\\nread 6, size 6, cwd /vrift/d: hello\\n");
        assertThat(with.err())
                .contains(TOLD, "velo: openat 2 from " + programs + "/calls\n", "velo: getcwd 1 from /vrift/raw\n");
    }

    /** The C library opens it by itself, and nobody can hook that. */
    @Test
    void callsInsideTheCLibraryAreServed() {
        Host.needsTool("date");
        String[] command = {"env", "TZ=:/vrift/d/zone/Kolkata", "date", "-d", "@0", "+%H:%M"};
        Assumptions.assumeTrue(
                Files.exists(Path.of("/usr/share/zoneinfo/Asia/Kolkata")), "needs the time zones (tzdata)");
        run(List.of(), command).run().prints("00:00\n");
        Outcome with = run(List.of("--strict"), command).run().succeeds();
        assertThat(with.out()).isEqualTo("05:30\n");
        assertThat(with.err()).containsPattern("openat [0-9]+ from .*/libc\\.so");
    }

    @Test
    void staticProgramsAreCountedByTheirOwnCode() {
        Outcome outcome = run(List.of("--strict"), "sh", "-c", "$P/static /vrift/a; env -i $P/static /vrift/d/n")
                .run()
                .succeeds();
        assertThat(outcome.out()).contains("hello", "deep");
        assertThat(outcome.err()).contains("velo: openat 2 from " + programs + "/static\n");
    }

    /** What the library answers does not reach the supervisor: of a hundred calls on the tree, only the start is there. */
    @Test
    void whatTheLibraryAnswersIsNotToldOf() {
        Path record = work.dir("record").resolve("r.json");
        String many = "i=0; while [ $i -lt 500 ]; do [ -f /vrift/a ]; read x </vrift/a; i=$((i + 1)); done; echo $x";
        Outcome outcome = run(List.of("--strict", "--result", record.toString()), "sh", "-c", many)
                .run()
                .succeeds();
        assertThat(outcome.out()).isEqualTo("hello\n");
        JsonObject told = Bombs.record(record);
        JsonArray missed = told.getAsJsonArray("missed");
        long all = 0;
        for (JsonElement each : missed) {
            JsonObject row = each.getAsJsonObject();
            assertThat(row.keySet()).containsExactly("call", "file", "count");
            assertThat(row.get("file").getAsString()).as("%s", row).matches(".*/(ld-|libc).*");
            all += row.get("count").getAsLong();
        }
        assertThat(all).as("calls of the start of two programs").isBetween(2L, 200L);
        assertThat(outcome.err()).startsWith("velo: " + all + TOLD);
    }

    @Test
    void withoutItTheRecordSaysNothingOfThis() {
        Path record = work.dir("record").resolve("r.json");
        run(List.of("--result", record.toString()), "cat", "/vrift/a").run().prints("hello\n");
        assertThat(Bombs.record(record).keySet()).doesNotContain("missed");
    }

    /** An outer filter takes seccomp(2) away, as an old kernel or a container may. */
    @Test
    void whereNothingCanBeSupervisedItIsRefused() {
        Path filter = work.program(work.dir("filter"), "older");
        List<String> argv =
                new ArrayList<>(List.of(filter.toString(), "ENOSYS", "seccomp", "--", Workspace.VELO.toString()));
        argv.addAll(arguments(List.of("--strict"), "cat", "/vrift/a"));
        work.command(argv).run().refuses(125, "cannot supervise", "leave out --strict");
        argv.remove("--strict");
        work.command(argv).run().prints("hello\n");
        argv = new ArrayList<>(List.of(filter.toString(), "ENOSYS", "seccomp", "--", Workspace.VELO.toString()));
        argv.addAll(arguments(List.of(), "sh", "-c", "cd /vrift; $P/static a"));
        Outcome refused = work.command(argv).run().exits(126);
        assertThat(refused.err()).contains("it is a static program, which would not see the tree");
    }

    @Test
    void itIsForRunsWithoutASandbox() {
        run(List.of("--strict", "--isolate"), "/bin/true").run().refuses(125, "--strict", "--isolate");
    }
}
