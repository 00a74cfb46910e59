package dev.velo.it;

import static dev.velo.it.FakeResident.frame;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a resident process does with clients that are none, and when what it works with goes away. */
class DaemonFaultsIT {
    private static final int HELLO = 1;
    private static final int REQUEST = 2;
    private static final int ALIVE = 16;

    @RegisterExtension
    final Workspace work = new Workspace();

    private Daemon daemon;

    @BeforeEach
    void prepare() {
        daemon = new Daemon(work);
        work.base();
    }

    @AfterEach
    void end() {
        daemon.close();
    }

    /** The one that it was started for. */
    private byte[] identity() throws IOException {
        return Files.readAllBytes(daemon.files(".lock").get(0));
    }

    private static byte[] hello(String build, byte[] identity) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.write(text(build));
        body.write(identity);
        return frame(HELLO, body.toByteArray());
    }

    private byte[] hello() throws IOException {
        return hello(daemon.status().get("build").getAsString(), identity());
    }

    private static byte[] text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(4 + bytes.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(bytes.length)
                .put(bytes)
                .array();
    }

    private static byte[] request(String... arguments) {
        ByteBuffer body = ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN);
        body.putInt(022)
                .putInt(0)
                .putInt(0)
                .putInt(0)
                .putLong(1024)
                .put(text("/"))
                .putInt(arguments.length);
        for (String argument : arguments) {
            body.put(text(argument));
        }
        body.putInt(1).put(text("HOME=/nowhere"));
        byte[] bytes = new byte[body.flip().remaining()];
        body.get(bytes);
        return frame(REQUEST, bytes);
    }

    /** What comes until the other side closes: the types of the frames. */
    private static List<Integer> answers(SocketChannel client) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        ByteBuffer part = ByteBuffer.allocate(1 << 16);
        try {
            while (client.read(part.clear()) >= 0) {
                all.write(part.array(), 0, part.position());
            }
        } catch (IOException e) {
            // It was closed with something unread.
            assertThat(e).hasMessageContaining("reset");
        }
        ByteBuffer bytes = ByteBuffer.wrap(all.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
        List<Integer> types = new ArrayList<>();
        while (bytes.hasRemaining()) {
            types.add(bytes.getInt(bytes.position() + 8));
            bytes.position(bytes.position() + 16 + bytes.getInt(bytes.position() + 12));
        }
        return types;
    }

    private List<Integer> say(byte[]... frames) throws IOException {
        try (SocketChannel client = daemon.connect()) {
            for (byte[] each : frames) {
                send(client, each);
            }
            return answers(client);
        }
    }

    private static void send(SocketChannel client, byte[] bytes) {
        try {
            ByteBuffer all = ByteBuffer.wrap(bytes);
            while (all.hasRemaining()) {
                client.write(all);
            }
        } catch (IOException e) {
            // It may have closed in the middle; what it answered tells.
            assertThat(e).hasMessageContaining("roken pipe");
        }
    }

    @Test
    void whatIsNoFrameIsClosedWithoutAWord() throws IOException {
        ProcessHandle process = daemon.start();
        byte[] hello = hello();
        assertThat(say(hello, request("--version")))
                .as("a good one")
                .containsExactly(FakeResident.OUT, FakeResident.EXIT);
        assertThat(say("GET / HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII)))
                .isEmpty();
        byte[] garbage = new byte[1 << 20];
        new java.util.Random(1).nextBytes(garbage);
        assertThat(say(garbage)).isEmpty();
        // The length is believed by nobody: neither is memory taken for it nor waited for it.
        byte[] oversize = hello.clone();
        ByteBuffer.wrap(oversize).order(ByteOrder.LITTLE_ENDIAN).putInt(12, Integer.MAX_VALUE);
        assertThat(say(oversize)).isEmpty();
        assertThat(say(request("--version"))).as("a request first").isEmpty();
        assertThat(say(hello, hello)).as("two greetings").isEmpty();
        assertThat(say(hello, frame(REQUEST, new byte[7]))).as("half a request").isEmpty();
        assertThat(say(hello, request("ingest", "/"))).containsExactly(FakeResident.DECLINE);
        assertThat(say(hello, request("farm"))).containsExactly(FakeResident.DECLINE);
        assertThat(say(hello, request("status", "--store", "/elsewhere"))).containsExactly(FakeResident.DECLINE);
        assertThat(daemon.process()).isEqualTo(process);
    }

    @Test
    void slowOnesAreNotWaitedForAndKeepNobodyWaiting() throws IOException {
        ProcessHandle process = daemon.start();
        byte[] hello = hello();
        List<SocketChannel> slow = new ArrayList<>();
        long begun = System.nanoTime();
        for (int i = 0; i < 20; i++) {
            SocketChannel client = daemon.connect();
            client.write(ByteBuffer.wrap(hello, 0, 10));
            slow.add(client);
        }
        daemon.isolated("/bin/echo", "meanwhile").run().prints("meanwhile\n");
        for (SocketChannel client : slow) {
            assertThat(answers(client)).isSubsetOf(ALIVE);
            client.close();
        }
        assertThat(System.nanoTime() - begun).isBetween(1_500_000_000L, 20_000_000_000L);
        assertThat(daemon.process()).isEqualTo(process);
    }

    @Test
    void aThousandConnectionsDoNotTakeItDown() throws IOException {
        ProcessHandle process = daemon.start();
        List<SocketChannel> idle = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            idle.add(daemon.connect());
        }
        int closed = 0;
        for (SocketChannel client : idle) {
            answers(client);
            closed++;
            client.close();
        }
        assertThat(closed).as("each is closed").isEqualTo(1000);
        assertThat(daemon.process()).isEqualTo(process);
        daemon.isolated("/bin/echo", "afterwards").run().prints("afterwards\n");
        Path descriptors = Path.of("/proc/" + process.pid() + "/fd");
        Daemon.until("its descriptors", () -> {
            try (var open = Files.list(descriptors)) {
                return open.count() < 80;
            } catch (IOException e) {
                return false;
            }
        });
    }

    @Test
    void anotherBuildMakesItMakeRoom() throws IOException {
        ProcessHandle process = daemon.start();
        assertThat(say(hello("0".repeat(32), identity()), request("--version"))).containsExactly(FakeResident.OTHER);
        assertThat(daemon.files(".sock")).isEmpty();
        daemon.isolated("/bin/echo", "new").run().prints("new\n");
        assertThat(daemon.process()).isNotEqualTo(process);
        Daemon.until("its end", () -> !process.isAlive());
    }

    @Test
    void anotherVersionMakesItMakeRoom() throws IOException {
        ProcessHandle process = daemon.start();
        byte[] later = hello();
        later[4] = 2;
        assertThat(say(later)).containsExactly(FakeResident.OTHER);
        assertThat(daemon.files(".sock")).isEmpty();
        Daemon.until("its end", () -> !process.isAlive());
    }

    @Test
    void somebodyElsesCommandIsNotDoneAndNothingElseChanges() throws IOException {
        ProcessHandle process = daemon.start();
        byte[] identity = identity();
        identity[identity.length - 1] ^= 1;
        assertThat(say(hello(daemon.status().get("build").getAsString(), identity), request("--version")))
                .containsExactly(FakeResident.OTHER);
        assertThat(daemon.process()).isEqualTo(process);
    }

    @Test
    void anotherUserGetsNothing() throws IOException {
        Host.needsRoot("to become another user");
        Host.needsTool("setpriv");
        Host.needsTool("python3");
        daemon.start();
        Path greeting = work.dir("greeting").resolve("frames");
        ByteArrayOutputStream frames = new ByteArrayOutputStream();
        frames.write(hello());
        frames.write(request("--version"));
        Files.write(greeting, frames.toByteArray());
        // As root of a process that has opened the way; what stands in the directory's mode is not what is tested here.
        String script = """
                import os, socket, sys
                s = socket.socket(socket.AF_UNIX)
                data = open(sys.argv[2], 'rb').read()
                if sys.argv[3] != '0':
                    os.setresuid(int(sys.argv[3]), int(sys.argv[3]), 0)
                    os.seteuid(int(sys.argv[3]))
                s.settimeout(20)
                s.connect(sys.argv[1])
                try:
                    s.sendall(data)
                    got = s.recv(100)
                except (BrokenPipeError, ConnectionResetError):
                    got = b''
                print(len(got))
                """;
        work.sh(
                work.dir("open"),
                "chmod 755 \"$1\" \"$1/velo\" \"$2\"; chmod 666 \"$3\"",
                daemon.runtime(),
                work.store().getParent(),
                daemon.socket());
        assertThat(connectAs(script, greeting, "54321").line()).isEqualTo("0");
        assertThat(daemon.log()).contains("uid 54321 has connected, and gets nothing");
        assertThat(Integer.parseInt(connectAs(script, greeting, "0").line()))
                .as("its own user")
                .isGreaterThan(16);
        work.sh(work.dir("close"), "chmod 700 \"$1\" \"$1/velo\"", daemon.runtime());
    }

    private Outcome connectAs(String script, Path greeting, String uid) {
        return work.command(List.of("python3", "-c", script, daemon.socket().toString(), greeting.toString(), uid))
                .run()
                .succeeds();
    }

    @Test
    void itEndsWhenNobodyNeedsIt() throws IOException {
        Path config = work.dir("config");
        Files.createDirectories(config.resolve("velo"));
        Files.writeString(config.resolve("velo/config.yaml"), "daemon:\n  idle: 3s\n");
        daemon.velo("daemon", "start")
                .with("XDG_CONFIG_HOME", config.toString())
                .run()
                .prints("");
        Path lock = daemon.files(".lock").get(0);
        Command.Running run = daemon.isolated("/bin/sh", "-c", "echo ready; sleep 60")
                .with("XDG_CONFIG_HOME", config.toString())
                .start()
                .says("ready");
        Daemon.until("its end", () -> daemon.log().contains("nobody has asked for anything for 3 s"));
        Daemon.until(
                "its lock",
                () -> work.command(List.of("flock", "-n", lock.toString(), "true"))
                        .tryRun());
        assertThat(daemon.files(".sock")).isEmpty();
        assertThat(run.process().isAlive()).as("a run that it has planned").isTrue();
        run.signal("TERM").await();
    }

    @Test
    void itEndsWithItsStore() {
        ProcessHandle process = daemon.start();
        daemon.isolated("/bin/true").run().prints("");
        // Looked at every 2 s.
        Command.pause(2500);
        work.sh(work.store().getParent(), "chmod -R u+w store; rm -rf store");
        daemon.velo("status").with("VRIFT_DEBUG", null).run().refuses(1, "cannot open store");
        Daemon.until("its end", () -> !process.isAlive());
        assertThat(daemon.log()).contains("its store is gone");
        assertThat(daemon.files(".sock")).isEmpty();
    }

    @Test
    void aFullDiskIsToldAndNothingIsLost() {
        Host.needsRoot("mounts a small file system");
        Path busybox = work.dir("busybox").resolve("tree");
        work.velo("export", work.base().toString(), busybox.toString()).run().succeeds();
        String script = """
                small=$1; busybox=$2
                mount -t tmpfs -o size=12m,nr_inodes=4000 none "$small"; export VR_THE_SOURCE=$small/store
                run() { "$velo" run --isolate --manifest "$small/base.velo" -- /bin/echo "$1"; }
                "$velo" ingest "$busybox" --output "$small/base.velo" >/dev/null
                sleep 3.1
                for i in 1 2 3; do run "before $i"; done
                cat /dev/zero >"$small/filler" 2>/dev/null || true
                ( i=0; while : 2>/dev/null >"$small/inode-$i"; do i=$((i+1)); done ) 2>/dev/null || true
                run full || echo "status $?"
                rm -f "$small"/filler "$small"/inode-*
                for i in 1 2 3; do run "after $i"; done
                "$velo" verify >/dev/null && echo verified
                "$velo" daemon status --json | grep -c '"requests": *[1-9]'
                "$velo" daemon stop
                sleep 0.5
                ls -A "$small/store/leases" "$small/store/trash" | grep -v : | grep . && echo left || true
                """;
        Outcome outcome = daemon.asked(work.mounting(script, work.dir("small"), busybox))
                .with("VRIFT_DEBUG", null)
                .run();
        assertThat(outcome.succeeds().out())
                .isEqualTo("before 1\nbefore 2\nbefore 3\nstatus 125\nafter 1\nafter 2\nafter 3\nverified\n1\n");
        assertThat(outcome.err())
                .contains("velo: cannot")
                .contains("no space left on device")
                .doesNotContain("internal");
    }

    @Test
    void itEndsWithItsSocket() throws IOException {
        ProcessHandle process = daemon.start();
        Files.delete(daemon.socket());
        Daemon.until("its end", () -> !process.isAlive());
        assertThat(daemon.start()).isNotEqualTo(process);
    }

    @Test
    void itEndsWithItsDistribution() {
        Path copy = work.dir("copy");
        work.sh(copy, "cp -r \"$1/.\" .", Workspace.HOME);
        Command start =
                daemon.asked(work.command(List.of(copy.resolve("bin/velo").toString(), "daemon", "start")));
        start.run().prints("");
        Path lock = daemon.files(".lock").get(0);
        assertThat(work.command(List.of("flock", "-n", lock.toString(), "true")).tryRun())
                .isFalse();
        work.sh(copy, "echo other >libexec/build");
        Daemon.until(
                "its lock",
                () -> work.command(List.of("flock", "-n", lock.toString(), "true"))
                        .tryRun());
        assertThat(daemon.log()).contains("its distribution is gone, or another one");
    }

    @Test
    void itIsNotStartedWithoutTheLock() {
        Path place = work.dir("place");
        work.velo("daemon", "serve", "--directory", place.toString(), "--socket", "x.sock")
                .run()
                .refuses(1, "descriptor 3 is not the lock", "velo daemon start");
    }
}
