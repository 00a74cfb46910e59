package dev.velo.shim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SessionChangesTest {
    private static byte[] golden() throws IOException {
        try (InputStream in = SessionChangesTest.class.getResourceAsStream("/golden/session-changes-1.bin")) {
            return in.readAllBytes();
        }
    }

    /** The C test writes the same file. */
    @Test
    void theGoldenFileIsRead() throws IOException {
        Map<String, SessionChanges.State> states = new LinkedHashMap<>();
        SessionChanges.read(golden(), (path, state) -> states.put(path.toUtf8(), state));
        Timestamp settled = new Timestamp(1_700_000_000, 5);
        assertThat(states.keySet())
                .containsExactlyInAnyOrder(
                        TreePath.ROOT.toUtf8(),
                        "removed",
                        "moved",
                        "kept",
                        "kept/removed",
                        "kept/mode",
                        "kept/here",
                        "kept/here/file",
                        "kept/hard",
                        "kept/fifo",
                        "made",
                        "made/link",
                        "made/upper");
        assertThat(List.of(states.get("removed"), states.get("moved"), states.get("kept/removed")))
                .containsOnly(new SessionChanges.State.Removed());
        assertThat(states.get("made"))
                .isEqualTo(new SessionChanges.State.Node(new DirectoryNode(0751, settled, false, List.of())));
        assertThat(states.get("made/link"))
                .isEqualTo(new SessionChanges.State.Node(new SymlinkNode(settled, "some/where".getBytes())));
        assertThat(states.get("made/upper"))
                .isInstanceOf(SessionChanges.State.Real.class)
                .isEqualTo(states.get("kept/hard"))
                .isNotEqualTo(states.get("kept/fifo"));
        FileNode mode = (FileNode) ((SessionChanges.State.Node) states.get("kept/mode")).node();
        assertThat(mode.mode()).isEqualTo(0600);
        assertThat(mode.size()).isEqualTo(3);
        FileNode moved = (FileNode) ((SessionChanges.State.Node) states.get("kept/here/file")).node();
        assertThat(moved.mode()).isEqualTo(0755);
        assertThat(moved.size()).isEqualTo(4);
    }

    @Test
    void aDirectoryStandsBeforeWhatIsInIt() throws IOException {
        List<String> paths = new ArrayList<>();
        SessionChanges.read(golden(), (path, state) -> paths.add(path.toUtf8()));
        assertThat(paths.indexOf("made")).isLessThan(paths.indexOf("made/link"));
        assertThat(paths.indexOf("kept/here")).isLessThan(paths.indexOf("kept/here/file"));
    }

    @Test
    void whatIsDamagedIsRefused() throws IOException {
        byte[] golden = golden();
        for (int i = 0; i < golden.length; i++) {
            byte[] damaged = golden.clone();
            damaged[i] ^= 1;
            assertThatThrownBy(() -> SessionChanges.read(damaged, (path, state) -> {}))
                    .isInstanceOf(IOException.class);
        }
        for (int length = 0; length < golden.length; length++) {
            byte[] cut = Arrays.copyOf(golden, length);
            assertThatThrownBy(() -> SessionChanges.read(cut, (path, state) -> {}))
                    .isInstanceOf(IOException.class);
        }
    }
}
