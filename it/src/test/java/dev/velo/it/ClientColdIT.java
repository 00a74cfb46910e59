package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** bin/velo where Java does the work: nothing shows that something was there before Java. */
class ClientColdIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private FakeResident fake;

    @BeforeEach
    void build() {
        fake = new FakeResident(work);
        fake.plays("frames " + fake.file(FakeResident.text(FakeResident.DECLINE, "")));
    }

    @AfterEach
    void end() {
        fake.close();
    }

    /** How this program was started by a script, as the stand-in of Java saw it. */
    private byte[] facts(String program, String more) throws Exception {
        String script = """
                umask 027; trap '' HUP; cd "$1"
                exec env -i PATH="$PATH" LC_ALL=de_DE.UTF-8 R=$'\\xc3(\\n' EMPTY= XDG_RUNTIME_DIR="$2" \\
                  "$3" run 'a b' $'two\\nlines' $'\\xff\\xfe' '' "$(head -c 100000 /dev/zero | tr '\\0' x)" -- --no-daemon $4
                """;
        Outcome outcome = work.command(List.of(
                        "bash",
                        "-c",
                        script.replace("EMPTY=", "EMPTY= " + more),
                        "test",
                        fake.home().toString(),
                        fake.runtime().toString(),
                        program,
                        "end"))
                .reading("input")
                .run()
                .exits(FakeResident.COLD);
        assertThat(outcome.err()).as(outcome.toString()).isEmpty();
        // Streams go to other files each time.
        String facts = Files.readString(fake.facts(), StandardCharsets.ISO_8859_1)
                .replaceAll("(?m)^(/.*/streams/.*|pipe:.*)$", "a stream");
        Files.delete(fake.facts());
        return facts.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void whatJavaGetsIsWhatTheCallerGave() throws Exception {
        String java = fake.home().resolve("libexec/velo-jvm").toString();
        byte[] direct = facts(java, "VELO_DAEMON=0");
        assertThat(new String(direct, StandardCharsets.ISO_8859_1))
                .contains("two\nlines\0\u00ff\u00fe\0\0xxxx", "LC_ALL=de_DE.UTF-8\0R=\u00c3(\n\0", "\n0027\n");
        assertThat(withoutDescriptors(facts(fake.client().toString(), "VELO_DAEMON=0")))
                .isEqualTo(direct);
        assertThat(fake.started()).isEmpty();
        byte[] wanted = facts(java, "");
        assertThat(withoutDescriptors(facts(fake.client().toString(), "")))
                .as("after a resident process has declined")
                .isEqualTo(wanted);
        assertThat(fake.started()).hasSize(1);
    }

    /** The client says which descriptors are the caller's, for a run without a sandbox; a JVM has others of its own. */
    private static byte[] withoutDescriptors(byte[] facts) {
        String text = new String(facts, StandardCharsets.ISO_8859_1);
        assertThat(text).contains("VELO_CALLER_DESCRIPTORS=");
        return text.replaceFirst("VELO_CALLER_DESCRIPTORS=[^\0]*\0", "").getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void closedStreamsAreFilledWithNothing() throws Exception {
        for (String daemon : List.of("0", "1")) {
            for (String closed : List.of("<&-", ">&-", "2>&-", "<&- >&- 2>&-")) {
                Command command = fake.asked(work.command(List.of(
                        "bash", "-c", "\"$0\" run " + closed, fake.client().toString())));
                command.with("VELO_DAEMON", daemon).run().exits(FakeResident.COLD);
                List<String> facts = Files.readAllLines(fake.facts(), StandardCharsets.ISO_8859_1);
                long expected = closed.chars().filter(c -> c == '&').count();
                assertThat(facts.stream().filter("/dev/null"::equals))
                        .as(closed + facts)
                        .hasSize((int) expected);
            }
        }
    }

    @Test
    void linksLeadToTheDistribution() {
        Path place = work.dir("links");
        work.sh(place, """
                mkdir -p usr/bin opt; ln -s "$1" opt/velo; ln -s ../../opt/velo/bin/velo usr/bin/velo; ln -s usr/bin/velo v
                for program in usr/bin/velo ./v "$PWD/v"; do
                  test "$("$program" status || echo $?)" = "cold
                5"
                done
                PATH=$PWD/usr/bin:$PATH; test "$(velo status || echo $?)" = "cold
                5"
                """, fake.home());
        work.sh(
                place,
                "ln -s \"$velo\" real; test \"$(./real --version)\" = \"$(\"$velo\" --version)\"; ./real --version");
    }

    @Test
    void aMissingPieceIsNamed() {
        work.sh(fake.home(), "rm libexec/velo-jvm");
        fake.command("status").with("VELO_DAEMON", "0").run().refuses(1, "libexec/velo-jvm", "install velo again");
        fake.command("run").with("VELO_DAEMON", "0").run().refuses(125, "libexec/velo-jvm");
    }

    /** It would start whatever Java its caller names. */
    @Test
    void itIsNotForMoreRightsThanTheCallers() {
        Host.needsRoot("a program with a set-user-id bit of another user");
        work.sh(fake.home(), "chmod 755 .. .");
        List<String> other = List.of(
                "setpriv",
                "--reuid=54399",
                "--regid=54399",
                "--clear-groups",
                fake.client().toString(),
                "run");
        work.command(other).in(Path.of("/")).run().exits(FakeResident.COLD);
        work.sh(fake.home(), "chmod 4755 bin/velo");
        Outcome outcome = work.command(other).in(Path.of("/")).run().refuses(125, "set-user-id");
        assertThat(outcome.out()).isEmpty();
    }
}
