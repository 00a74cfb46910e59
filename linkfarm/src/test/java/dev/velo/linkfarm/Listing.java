package dev.velo.linkfarm;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a tree looks like: each path with type, mode, time, owner, size, link target; inode numbers of files that are linked elsewhere. */
final class Listing {
    private record Level(Descriptor dir, String path, Iterator<DirectoryEntry> rest) {}

    private static final FileOps FILES = FileOps.system();

    private Listing() {}

    /** Every directory must be open to the caller. */
    static SortedMap<String, String> of(Path root) throws IOException {
        SortedMap<String, String> lines = new TreeMap<>();
        Deque<Level> levels = new ArrayDeque<>();
        byte[] path = root.toString().getBytes(StandardCharsets.UTF_8);
        lines.put("", line(FileOps.CWD, path));
        push(levels, FileOps.CWD, path, "");
        while (!levels.isEmpty()) {
            Level level = levels.peek();
            if (!level.rest().hasNext()) {
                levels.pop().dir().close();
                continue;
            }
            byte[] name = level.rest().next().name();
            String below = level.path() + "/" + ErrnoException.printable(name);
            lines.put(below, line(level.dir().number(), name));
            if (FILES.status(level.dir().number(), name).isDirectory()) {
                push(levels, level.dir().number(), name, below);
            }
        }
        return lines;
    }

    private static void push(Deque<Level> levels, int parent, byte[] name, String path) throws IOException {
        Descriptor dir = FILES.openDirectory(parent, name);
        levels.push(new Level(dir, path, FILES.list(dir.number()).iterator()));
    }

    static FileStatus status(Path path) throws IOException {
        return FILES.status(FileOps.CWD, path.toString().getBytes(StandardCharsets.UTF_8));
    }

    static boolean isOpaque(Descriptor directory) throws IOException {
        return FILES.attribute(directory.number(), new byte[] {'.'}, "user.overlay.opaque")
                .filter(value -> new String(value, StandardCharsets.US_ASCII).equals("y"))
                .isPresent();
    }

    private static String line(int dir, byte[] name) throws IOException {
        FileStatus status = FILES.status(dir, name);
        String line = status.type() + " " + Integer.toOctalString(status.permissions()) + " " + status.modified() + " "
                + status.uid() + ":" + status.gid();
        if (status.isDirectory()) {
            try (Descriptor self = FILES.openDirectory(dir, name)) {
                return line + (isOpaque(self) ? " opaque" : "");
            }
        }
        if (status.type() == FileType.SYMLINK) {
            return line + " " + ErrnoException.printable(FILES.readLink(dir, name));
        }
        return line + " " + status.size() + (status.links() > 1 ? " inode " + status.inode() : "");
    }
}
