package dev.velo.it;

import static dev.velo.it.FakeResident.isCold;
import static dev.velo.it.FakeResident.isServed;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** bin/velo starts a resident process: one, for all that need it, and with little of its own. */
@Tag("once")
class ClientStartIT {

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
    void anotherStoreOrHomeHasAnotherProcess() {
        isServed(fake.command("run").run());
        isServed(fake.command("run", "--store", work.store().toString()).run());
        isServed(fake.command("run", "--store=" + work.store() + "//").run());
        assertThat(fake.started()).as("the same store, however it is named").hasSize(1);
        isServed(fake.command("run", "--", "--store", "/else").run());
        assertThat(fake.started()).as("the program's own option").hasSize(1);
        isServed(fake.command("run", "--store", "/else").run());
        assertThat(fake.started()).hasSize(2);
        isServed(fake.command("run").with("XDG_CONFIG_HOME", "/else").run());
        assertThat(fake.started()).hasSize(3);
    }

    @Test
    void manyThatStartAtOnceStartOne() {
        fake.startsAfter("0.5");
        List<Command.Running> clients = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            clients.add(fake.command("run", Integer.toString(i)).start());
        }
        for (Command.Running client : clients) {
            isServed(client.await());
        }
        assertThat(fake.started()).hasSize(1);
    }

    @Test
    void aClientThatIsKilledWhileItStartsOneIsNotMissed() {
        fake.startsAfter("1");
        Command.Running first = fake.command("run").start();
        while (fake.started().isEmpty()) {
            Command.pause(5);
        }
        first.signal("KILL").await();
        isServed(fake.command("run").run());
        assertThat(fake.started()).hasSize(1);
    }

    @Test
    void itIsBornWithLittle() {
        isServed(fake.command("run", "secret-argument")
                .with("VELO_SECRET", "secret")
                .in(fake.home())
                .run());
        List<String> birth = fake.birth();
        String socket = fake.runtime().resolve("velo") + "/";
        assertThat(birth.get(0).split("\0"))
                .allMatch(
                        variable -> variable.matches(
                                "(PATH|HOME|JAVA_HOME|VR_THE_SOURCE|XDG_DATA_HOME|XDG_CONFIG_HOME|XDG_RUNTIME_DIR|VRIFT_DEBUG)=.*"))
                .anyMatch(variable -> variable.startsWith("PATH="));
        assertThat(birth.subList(1, 4)).containsExactly("0077", "/", "/dev/null");
        assertThat(birth.get(4)).isEqualTo(birth.get(5)).startsWith(socket).endsWith(".log");
        assertThat(birth.get(6)).startsWith(socket).endsWith(".lock");
        assertThat(birth.get(7))
                .as("its session")
                .isNotEqualTo(
                        work.sh(fake.home(), "cut -d ' ' -f 6 /proc/$$/stat").line());
    }

    @Test
    void oneOfAnotherBuildMakesRoom() {
        Path good = fake.file(FakeResident.text(FakeResident.OUT, "out\n"), FakeResident.exit(0));
        Path other = fake.file(FakeResident.text(FakeResident.OTHER, ""));
        fake.plays("replaced " + good + " " + other);
        fake.command("run").run().prints("out\n");
        fake.plays("frames " + good);
        fake.command("run").run().prints("out\n");
        assertThat(fake.started()).hasSize(2);
    }

    @Test
    void aSocketThatAKilledProcessLeftIsReplaced() {
        isServed(fake.command("run").run());
        fake.kill();
        isCold(fake.command("status").run());
        isServed(fake.command("run").run());
        assertThat(fake.started()).hasSize(2);
    }

    @Test
    void oneThatDoesNotStartIsWaitedForOnlyUntilItHasEnded() {
        fake.startsAfter("0.3");
        work.sh(fake.home(), "rm resident");
        long begin = System.nanoTime();
        List<Command.Running> clients = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            clients.add(fake.command("run").start());
        }
        for (Command.Running client : clients) {
            isCold(client.await(), "it did not start", ".log");
        }
        assertThat((System.nanoTime() - begin) / 1_000_000).isLessThan(4000);
    }
}
