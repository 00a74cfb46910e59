package dev.velo.it;

import static dev.velo.it.FakeResident.isCold;
import static dev.velo.it.FakeResident.isServed;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** bin/velo and a resident process that answers well, badly or not at all. Where it is of no use, Java is started as if it were not there. */
class ClientIT {

    @RegisterExtension
    final Workspace work = new Workspace();

    private FakeResident fake;

    @BeforeEach
    void build() {
        fake = new FakeResident(work);
        fake.plays(fake.answers());
    }

    @AfterEach
    void end() {
        fake.close();
    }

    @Test
    void aRunStartsItAndGetsItsAnswer() throws IOException {
        isServed(fake.command("run", "--", "--no-daemon", "an argument").run());
        assertThat(fake.started()).hasSize(1);
        assertThat(new String(fake.request(), StandardCharsets.ISO_8859_1)).contains("an argument", "VELO_DAEMON=1");
        isServed(fake.command("status").run());
        assertThat(fake.started()).as("one serves all").hasSize(1);
        try (var files = Files.list(fake.runtime().resolve("velo"))) {
            for (Path file : files.toList()) {
                assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                        .as(file.toString())
                        .isEqualTo("rw-------");
            }
        }
        assertThat(PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(fake.runtime().resolve("velo"))))
                .isEqualTo("rwx------");
    }

    @Test
    void aLongCommandIsHandedOverWhole() {
        List<String> arguments = new ArrayList<>(List.of("run"));
        for (int i = 0; i < 12; i++) {
            arguments.add(Integer.toString(i % 10).repeat(100_000));
        }
        isServed(fake.command(arguments.toArray(String[]::new)).run());
        assertThat(new String(fake.request(), StandardCharsets.ISO_8859_1))
                .contains(arguments.subList(1, arguments.size()));
    }

    @Test
    void itIsUsedUnlessThatIsRefusedAndStartedOnlyByRuns() {
        isCold(fake.command("run", "--no-daemon", "--", "x").run());
        isCold(fake.command("run").with("VELO_DAEMON", "0").run());
        isCold(fake.command("status").run());
        isCold(fake.command("daemon", "stop").run());
        assertThat(fake.started()).isEmpty();
        isServed(fake.command("run").with("VELO_DAEMON", null).run());
        isServed(fake.command("status").with("VELO_DAEMON", null).run());
        isServed(fake.command("daemon", "status").with("VELO_DAEMON", "0").run());
        isCold(fake.command("run").with("VELO_DAEMON", "0").run());
        isCold(fake.command("run", "--no-daemon").run());
        isCold(fake.command("status", "--no-daemon").run());
        assertThat(fake.started()).hasSize(1);
    }

    /** The lock goes from hand to hand, and is nobody's for no moment. */
    @Test
    void whatIsNoAnswerIsWarnedOf() {
        byte[] tooLong = FakeResident.text(FakeResident.OUT, "x");
        tooLong[14] = 2;
        byte[] another = FakeResident.exit(0);
        another[8] = 99;
        byte[] half = FakeResident.text(FakeResident.OUT, "half of it");
        half[12] = 100;
        byte[][] wrong = {"HTTP/1.1 400 Bad Request\r\n".getBytes(StandardCharsets.US_ASCII), tooLong, another, half};
        String[] said = {"no frame", "too long", "unknown type", "in the middle"};
        for (int i = 0; i < wrong.length; i++) {
            fake.kill();
            fake.plays("frames " + fake.file(wrong[i]));
            isCold(fake.command("run").run(), said[i]);
        }
    }

    @Test
    void whatDeclinesOrHasEndedIsPassedOver() {
        byte[][] answers = {
            FakeResident.text(FakeResident.DECLINE, "it reads standard input"),
            FakeResident.text(FakeResident.OTHER, "another build"),
            {}
        };
        for (byte[] answer : answers) {
            fake.kill();
            fake.plays("frames " + fake.file(answer));
            isCold(fake.command("run").run());
        }
    }

    @Test
    void silenceHasAnEnd() {
        for (String part : List.of("silent", "drip " + fake.file(FakeResident.exit(0)))) {
            fake.kill();
            fake.plays(part);
            isCold(fake.command("run").within(Duration.ofSeconds(20)).run(), "does not answer");
        }
        // Slow, but alive: longer than the silence that is borne.
        fake.kill();
        fake.plays("alive 6 " + fake.file(FakeResident.exit(0)));
        fake.command("run").run().prints("");
    }

    @Test
    void oneThatTakesNoConnectionIsNotWaitedForLong() {
        fake.plays("deaf");
        List<Command.Running> clients = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            clients.add(fake.command("run").within(Duration.ofSeconds(20)).start());
        }
        List<String> said = new ArrayList<>();
        for (Command.Running client : clients) {
            Outcome outcome = client.await();
            isCold(outcome, "");
            said.add(outcome.err());
        }
        assertThat(said).anyMatch(line -> line.contains("cannot connect")).anyMatch(line -> line.contains("answer"));
    }

    /** What was printed cannot be taken back. */
    @Test
    void anEndInTheMiddleIsAFailure() {
        fake.plays("frames " + fake.file(FakeResident.text(FakeResident.OUT, "some\n")));
        Outcome run = fake.command("run").run().refuses(125, "cannot finish the command", "--no-daemon");
        assertThat(run.out()).isEqualTo("some\n");
        fake.command("status").run().refuses(1, "cannot finish the command");
    }

    @Test
    void outputThatNobodyTakes() {
        fake.plays("frames " + fake.file(FakeResident.text(FakeResident.OUT, "x".repeat(60000)), FakeResident.exit(0)));
        fake.command("run").run().succeeds();
        String gone = "(sleep 0.3; \"$0\" status; echo $? >\"$1\") | true; sleep 0.6; cat \"$1\"";
        Path status = work.dir("status").resolve("status");
        fake.asked(work.command(List.of("bash", "-c", gone, fake.client().toString(), status.toString())))
                .run()
                .prints("1\n");
        fake.asked(work.command(List.of(
                        "bash", "-c", "\"$0\" status >/dev/full", fake.client().toString())))
                .run()
                .refuses(1, "cannot write to standard output");
    }

    @Test
    void aDirectoryThatOthersMayEnterIsNotUsed() {
        Path place = fake.runtime().resolve("velo");
        work.sh(fake.runtime(), "mkdir -m 755 velo");
        isCold(fake.command("run").run(), place.toString(), "nobody else");
        work.sh(fake.runtime(), "rmdir velo; mkdir -m 700 elsewhere; ln -s elsewhere velo");
        isCold(fake.command("run").run(), place.toString());
        work.sh(fake.runtime(), "rm velo; : >velo");
        isCold(fake.command("run").run(), place.toString());
        assertThat(fake.started()).isEmpty();
        work.sh(fake.runtime(), "rm velo; mkdir -m 700 velo");
        isServed(fake.command("run").run());
    }

    @Test
    void somebodyElsesDirectoryOrSocketIsNotUsed() {
        Host.needsRoot("a directory and a socket of another user");
        Path place = fake.runtime().resolve("velo");
        work.sh(fake.runtime(), "mkdir -m 700 velo; chown 54399:54399 velo");
        isCold(fake.command("run").run(), place.toString());
        assertThat(fake.started()).isEmpty();
        work.sh(fake.runtime(), "chown 0:0 velo");
        work.sh(fake.home(), "sed -i 's/exec /RESIDENT_UID=54399 exec /' libexec/velo-jvm");
        isCold(fake.command("run").run(), "somebody else's");
        fake.kill();
        work.sh(fake.home(), "sed -i 's/RESIDENT_UID=54399 exec /exec /' libexec/velo-jvm");
        isServed(fake.command("run").run());
    }

    /** The place of last resort, where anybody may have been before. */
    @Test
    void withoutARuntimeDirectoryItIsInTmp() {
        Host.needsRoot("a user whose directory in /tmp nobody else uses");
        String user = "54388";
        work.sh(fake.home(), "rm -rf /tmp/velo-$1; chown -R $1 .; chmod 755 . ..; mkdir -m 755 /tmp/velo-$1", user);
        Command client = work.command(List.of(
                        "setpriv",
                        "--reuid=" + user,
                        "--regid=" + user,
                        "--clear-groups",
                        fake.client().toString(),
                        "run"))
                .with("VELO_DAEMON", "1")
                .in(Path.of("/"));
        try {
            isCold(client.with("XDG_RUNTIME_DIR", null).run(), "/tmp/velo-" + user);
            // A runtime directory of somebody else's does not count as one.
            isCold(client.with("XDG_RUNTIME_DIR", fake.runtime().toString()).run(), "/tmp/velo-" + user);
            work.sh(fake.home(), "rmdir /tmp/velo-$1", user);
            isServed(client.run());
        } finally {
            fake.kill();
            work.sh(fake.home(), "rm -rf /tmp/velo-$1", user);
        }
    }
}
