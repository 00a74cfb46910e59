package dev.velo.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.daemon.socket.Connection;
import dev.velo.daemon.socket.Listener;
import dev.velo.daemon.socket.Sockets;
import java.io.IOException;
import java.io.OutputStream;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswersTest {
    @TempDir
    private Path directory;

    private Listener listener;
    private SocketChannel client;
    private Connection connection;
    private Answers answers;

    @BeforeEach
    void connect() throws IOException {
        Path socket = directory.resolve("s");
        Sockets sockets = new Sockets();
        listener = sockets.listen(socket.toString(), 5);
        sockets.umask(022);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)))
                .isEqualTo("rw-------");
        assertThat(listener.accept(0)).isEmpty();
        client = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        connection = listener.accept(1000).orElseThrow();
        answers = new Answers(connection);
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        connection.close();
        listener.close();
    }

    /** Type and length of each frame that comes before the end. */
    private List<String> frames() throws IOException {
        connection.close();
        List<String> frames = new ArrayList<>();
        ByteBuffer header = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        while (read(header.clear())) {
            ByteBuffer body = ByteBuffer.allocate(header.getInt(12));
            assertThat(read(body)).isTrue();
            frames.add(header.getInt(8) + ":" + (body.capacity() < 10 ? text(body) : body.capacity() + " bytes"));
        }
        return frames;
    }

    private static String text(ByteBuffer body) {
        return new String(body.array(), StandardCharsets.ISO_8859_1).replace('\0', '.');
    }

    private boolean read(ByteBuffer into) throws IOException {
        while (into.hasRemaining()) {
            if (client.read(into) < 0) {
                return false;
            }
        }
        return true;
    }

    @Test
    void outputKeepsItsOrder() throws IOException {
        OutputStream out = answers.stream(FrameType.OUT);
        OutputStream err = answers.stream(FrameType.ERR);
        out.write('a');
        out.write('b');
        err.write('c');
        out.write('d');
        answers.exit(7);
        assertThat(frames()).containsExactly("17:ab", "18:c", "17:d", "19:\u0007...");
    }

    @Test
    void whatIsDeclinedHasPrintedNothing() throws IOException {
        answers.alive();
        answers.stream(FrameType.ERR).write(new byte[1000]);
        answers.decline("no");
        assertThat(frames()).containsExactly("16:", "21:no");
    }

    @Test
    void muchIsSentAtOnceAndCannotBeTakenBack() throws IOException {
        Thread reader = new Thread(this::drain);
        reader.start();
        answers.stream(FrameType.OUT).write(new byte[1 << 20]);
        assertThatThrownBy(() -> answers.decline("no")).isInstanceOf(IOException.class);
        client.close();
    }

    private void drain() {
        try {
            ByteBuffer all = ByteBuffer.allocate(1 << 16);
            while (client.read(all.clear()) >= 0) {
                continue;
            }
        } catch (IOException e) {
            // The test has closed it.
            return;
        }
    }

    @Test
    void whoHasGoneIsNoticed() throws IOException {
        assertThat(connection.hasHungUp()).isFalse();
        client.close();
        assertThat(connection.hasHungUp()).isTrue();
        assertThatThrownBy(() -> answers.exit(0)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> answers.stream(FrameType.OUT).write('x')).hasMessage("the client has gone");
    }

    @Test
    void whoSendsNothingIsNotWaitedForLong() throws IOException {
        client.write(ByteBuffer.wrap(new byte[5]));
        ByteBuffer into = ByteBuffer.allocate(10);
        long deadline = System.nanoTime() + 50_000_000;
        assertThat(connection.read(into, deadline)).isEqualTo(5);
        assertThatThrownBy(() -> connection.read(into, deadline)).isInstanceOf(SocketTimeoutException.class);
        client.close();
        assertThat(connection.read(into, System.nanoTime() + 1_000_000_000)).isNegative();
    }

    @Test
    void aliveIsSaidOnlyAfterSilence() throws IOException {
        answers.aliveAfter(60_000_000_000L);
        answers.aliveAfter(0);
        assertThat(frames()).containsExactly("16:");
    }
}
