package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Somebody else changes directories for links while runs begin. The launcher of a copy of velo is a script that launches the same plan many
 * times: a race needs more starts than a JVM gives in the time of a test.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RaceIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final int LAUNCHES = 60;

    private AttackProgram program;
    private Path velo;

    @BeforeAll
    void copy() {
        program = AttackProgram.build(work);
        Path place = work.dir("velo");
        work.sh(place, """
                chmod 755 .; cp -a "$1" velo; mv velo/libexec/velo-launch real
                cat >velo/libexec/velo-launch <<END
                #!/bin/bash
                cd "$PWD"; rm -rf fresh
                cat <&3 >plan
                run=\\$(grep -aoE 'leases/run-[0-9a-f]+' plan | head -n 1)
                cp -a "$2/\\$run" fresh
                for i in \\$(seq $3); do
                  rm -rf "$2/\\$run"; cp -a fresh "$2/\\$run"
                  ./real "\\$@" 3<plan 2>&1 || true
                done
                rm -rf "$2/\\$run"
                END
                chmod 755 velo/libexec/velo-launch
                """, Workspace.HOME, work.store(), LAUNCHES);
        velo = place.resolve("velo/bin/velo");
    }

    /** The lines that the launches wrote, and how often, while the two names changed places all the time. */
    private Map<String, Integer> launched(Path place, String script, String one, String other, String... binds) {
        List<String> argv = new ArrayList<>(List.of(
                velo.toString(),
                "run",
                "--isolate",
                "--base",
                work.base().toString(),
                "--manifest",
                program.manifest().toString()));
        for (String bind : binds) {
            argv.addAll(List.of("--bind", bind));
        }
        argv.addAll(List.of("--", "/bin/sh", "-c", script));
        List<String> words = new ArrayList<>(
                List.of("bash", "-euc", """
                        mkfifo hold; exec 9<>hold
                        "$1" flip "$2" "$3" <hold >flips 9>&- & flipper=$!
                        shift 3
                        # What velo itself finds of the two is not the question here: it is asked before the launcher.
                        for i in $(seq 20); do "$@" >lines 2>refused 9>&- && [ -s lines ] && break; done
                        exec 9>&-; wait "$flipper"
                        cat lines
                        """, "test", program.file().toString(), one, other));
        words.addAll(argv);
        Map<String, Integer> lines = new TreeMap<>();
        work.command(words)
                .in(place)
                .run()
                .succeeds()
                .out()
                .lines()
                .forEach(line -> lines.merge(line, 1, Integer::sum));
        assertThat(Long.parseLong(work.sh(place, "cat flips").line())).isGreaterThan(LAUNCHES);
        return lines;
    }

    /** Velo has looked where the source leads before; the launcher must not be led elsewhere, least of all into the store. */
    @Test
    void theSourceOfABindBecomesALinkToTheStore() {
        Path place =
                work.tree("chmod 777 .; mkdir source; echo mine >source/mine; ln -s '" + work.store() + "/cas' link");
        Map<String, Integer> lines = launched(place, "ls /data", "source", "link", place + "/source:/data:rw");
        String refused = "velo: cannot bind " + place.resolve("source") + ": ";
        assertThat(lines.keySet()).allMatch(line -> line.equals("mine") || line.startsWith(refused));
        assertThat(lines).as("both were met").hasSize(2);
        assertThat(lines.values().stream().mapToInt(Integer::intValue).sum()).isEqualTo(LAUNCHES);
    }

    /** Inside another bind, where somebody else may write, too. */
    @Test
    void thePlaceOfABindBecomesALinkOutOfTheRoot() throws Exception {
        Path victim = work.tree("chmod 777 .; echo untouched >marker; chmod 666 marker");
        Path shared = work.tree("chmod 777 .; mkdir here; chmod 777 here; ln -s '" + victim + "' link");
        Path source = work.tree("chmod 777 .; echo bound >marker; chmod 666 marker");
        String script = "cat /shared/here/marker; echo written >/shared/here/marker";
        Map<String, Integer> lines = launched(
                shared,
                script,
                "here",
                "link",
                shared + ":/shared:rw",
                source + ":/shared/here:rw",
                victim + ":/victim");
        assertThat(victim.resolve("marker")).hasContent("untouched\n");
        assertThat(source.resolve("marker")).hasContent("written\n");
        assertThat(lines.keySet()).as("control: where it was no link").containsAnyOf("bound", "written");
        lines.keySet().removeAll(List.of("bound", "written"));
        assertThat(lines.keySet())
                .as("all that is said besides")
                .isNotEmpty()
                .allMatch(line -> line.contains("/shared/here"));
        assertThat(Files.list(shared.resolve("here")).count()
                        + Files.list(shared.resolve("link")).count())
                .as("files beside the victim's own")
                .isEqualTo(1);
    }
}
