package dev.velo.linkfarm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileType;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FarmIndexTest {
    private static final FileOps FILES = FileOps.system();
    private static final DirectoryEntry A = entry(new byte[] {'a'}, 12);
    private static final DirectoryEntry B = entry(new byte[] {(byte) 0xff, '.', 't', 'x', 't'}, 1L << 40);

    @TempDir
    Path temp;

    private static DirectoryEntry entry(byte[] name, long inode) {
        return new DirectoryEntry(name, FileType.REGULAR, inode);
    }

    /** The numbers are another program's, written by docs/formats/store.md. */
    @Test
    void sumsNamesAndInodesInAnyOrder() {
        assertThat(FarmIndex.sum(List.of())).isZero();
        assertThat(FarmIndex.sum(List.of(A, B))).isEqualTo(0x96e6b00490db6ff5L);
        assertThat(FarmIndex.sum(List.of(B, A))).isEqualTo(0x96e6b00490db6ff5L);
        assertThat(FarmIndex.sum(List.of(entry(A.name(), B.inode()), entry(B.name(), A.inode()))))
                .isEqualTo(0xceeb49bb78331316L);
    }

    @Test
    void isWrittenAsItsFormatSays() throws Exception {
        byte[] path = temp.toString().getBytes(StandardCharsets.UTF_8);
        try (Descriptor directory = FILES.openDirectory(FileOps.CWD, path)) {
            new FarmIndex(0x1122334455L, new long[] {1, -2}).write(FILES, directory.number());
            assertThat(HexFormat.of().formatHex(Files.readAllBytes(temp.resolve("index"))))
                    .isEqualTo("56464958" + "01000000" + "5544332211000000" + "0200000000000000" + "7e130f3d49074047"
                            + "0100000000000000" + "feffffffffffffff");
            FarmIndex read = FarmIndex.read(FILES, directory.number(), ".").orElseThrow();
            assertThat(read.bytes()).isEqualTo(0x1122334455L);
            assertThat(read.directories()).isEqualTo(2);
            assertThat(read.sum(1)).isEqualTo(-2);
            assertThat(FarmIndex.readHead(FILES, directory.number(), ".")
                            .orElseThrow()
                            .bytes())
                    .isEqualTo(0x1122334455L);
        }
    }
}
