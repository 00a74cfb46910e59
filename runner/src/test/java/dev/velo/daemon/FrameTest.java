package dev.velo.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The bytes are those that the tests of the client read and write, too. */
class FrameTest {
    private static byte[] golden(String name) {
        try (InputStream in = FrameTest.class.getResourceAsStream("/golden/client-" + name + ".bin")) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] body(String name, FrameType type) throws FrameException {
        byte[] all = golden(name);
        int length = FrameHeader.bodyLength(ByteBuffer.wrap(all, 0, FrameHeader.LENGTH), type);
        assertThat(length).isEqualTo(all.length - FrameHeader.LENGTH);
        return Arrays.copyOfRange(all, FrameHeader.LENGTH, all.length);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] joined(ByteBuffer... frames) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (ByteBuffer frame : frames) {
            all.write(frame.array(), 0, frame.limit());
        }
        return all.toByteArray();
    }

    @Test
    void whatAClientSendsIsRead() throws IOException {
        Hello hello = Hello.decode(body("hello", FrameType.HELLO));
        assertThat(hello.build()).isEqualTo("0123456789abcdef0123456789abcdef");
        assertThat(hello.identity()).hasSize(0x99 - 36).startsWith(9, 0, 0, 0, '/', 'o', 'p', 't');

        Request request = Request.decode(body("request", FrameType.REQUEST));
        assertThat(request.umask()).isEqualTo(027);
        assertThat(List.of(request.isTerminal(0), request.isTerminal(1), request.isTerminal(2)))
                .containsExactly(true, false, true);
        assertThat(List.of(request.rows(), request.columns())).containsExactly(50, 132);
        assertThat(request.descriptorLimit()).isEqualTo(1024);
        assertThat(request.directory()).isEqualTo(bytes("/home/\u00fe"));
        assertThat(request.arguments()).containsExactly(bytes("run"), bytes("\u00ff\u0001 odd\n"), bytes(""));
        assertThat(request.environment())
                .containsExactly(bytes("HOME=/home/user"), bytes("XDG_DATA_HOME="), bytes("R=\u00c3(=\n"), bytes("=x"));
    }

    @Test
    void answersAreWhatTheClientReads() {
        ByteBuffer alive = FrameHeader.frame(FrameType.ALIVE, new byte[0]);
        assertThat(joined(
                        alive,
                        FrameHeader.frame(FrameType.OUT, bytes("out\0\u00ff\n")),
                        FrameHeader.frame(FrameType.ERR, bytes("err\n")),
                        alive,
                        FrameHeader.frame(FrameType.OUT, bytes("more\n")),
                        FrameHeader.frame(FrameType.EXIT, new byte[] {3, 0, 0, 0})))
                .isEqualTo(golden("output-and-exit"));
        assertThat(joined(alive, FrameHeader.frame(FrameType.DECLINE, bytes("this command reads standard input"))))
                .isEqualTo(golden("decline"));
        assertThat(joined(FrameHeader.frame(FrameType.OTHER, bytes("another build"))))
                .isEqualTo(golden("other"));
    }

    @Test
    void headersAreBelievedOnlyWithinBounds() throws IOException {
        ByteBuffer longest = FrameHeader.frame(FrameType.HELLO, new byte[1 << 20]);
        assertThat(FrameHeader.bodyLength(longest, FrameType.HELLO)).isEqualTo(1 << 20);
        assertThatThrownBy(() -> FrameHeader.bodyLength(changed(12, 1 << 20 | 1), FrameType.HELLO))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("1048577 bytes");
        assertThatThrownBy(() -> FrameHeader.bodyLength(changed(12, -1), FrameType.HELLO))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("4294967295 bytes");
        assertThatThrownBy(() -> FrameHeader.bodyLength(changed(8, 2), FrameType.HELLO))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("type 2");
        assertThatThrownBy(() -> FrameHeader.bodyLength(changed(0, 0), FrameType.HELLO))
                .isInstanceOf(FrameException.class)
                .hasMessage("no frame");
        assertThatThrownBy(() -> FrameHeader.bodyLength(changed(4, 2), FrameType.HELLO))
                .isInstanceOf(FrameException.OtherVersion.class);
        assertThatThrownBy(() -> FrameHeader.frame(FrameType.OUT, new byte[0]))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private static ByteBuffer changed(int at, int value) {
        return FrameHeader.frame(FrameType.HELLO, new byte[0]).putInt(at, value);
    }

    @Test
    void halfARequestIsNone() throws IOException {
        byte[] whole = body("request", FrameType.REQUEST);
        for (int length = 0; length < whole.length; length++) {
            byte[] part = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> Request.decode(part))
                    .as("%d bytes", length)
                    .isInstanceOf(FrameException.class);
        }
        assertThatThrownBy(() -> Request.decode(Arrays.copyOf(whole, whole.length + 1)))
                .isInstanceOf(FrameException.class)
                .hasMessageContaining("behind the last field");
    }

    /** Whatever is changed: a request or a fault of the frame, and nothing else. */
    @Test
    void damagedRequestsAreRefusedOrRead() throws IOException {
        byte[] whole = body("request", FrameType.REQUEST);
        Random random = new Random(5);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] damaged = whole.clone();
            for (int n = random.nextInt(3); n >= 0; n--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(Request.decode(damaged).directory()).startsWith('/');
            } catch (FrameException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(1_000, 19_999);
    }
}
