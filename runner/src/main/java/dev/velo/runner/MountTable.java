package dev.velo.runner;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What is mounted where (proc_pid_mountinfo(5)): a directory may be reached under several paths, through bind mounts. */
final class MountTable {
    /** @param root the path, within its file system, of what is mounted */
    private record Mount(String device, Path root, Path point) {}

    /** A directory whatever path leads to it. */
    private record Place(String device, Path within) {
        boolean contains(Place other) {
            return device.equals(other.device) && other.within.startsWith(within);
        }
    }

    private final List<Mount> mounts;

    private MountTable(List<Mount> mounts) {
        this.mounts = mounts;
    }

    static MountTable ofThisProcess() throws VeloException {
        try {
            return of(Files.readString(Path.of("/proc/self/mountinfo"), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new VeloException(
                    "cannot tell whether the store would be seen in the sandbox: /proc/self/mountinfo is unreadable",
                    "run velo where /proc is mounted",
                    e);
        }
    }

    static MountTable of(String text) {
        List<Mount> mounts = new ArrayList<>();
        for (String line : text.split("\n")) {
            String[] fields = line.split(" ");
            if (fields.length > 5 && fields[3].startsWith("/")) {
                mounts.add(new Mount(fields[2], Path.of(unescaped(fields[3])), Path.of(unescaped(fields[4]))));
            }
        }
        return new MountTable(mounts);
    }

    /** Space, tab, line break and backslash stand as three octal digits. */
    private static String unescaped(String field) {
        return field.replace("\\040", " ")
                .replace("\\011", "\t")
                .replace("\\012", "\n")
                .replace("\\134", "\\");
    }

    /**
     * True where a directory, with everything that is mounted below it, is part of {@code other} or shows any part of it.
     *
     * @param shown a real path
     * @param other a real path
     */
    boolean shows(Path shown, Path other) {
        if (shown.startsWith(other) || other.startsWith(shown)) {
            return true;
        }
        Optional<Place> hidden = place(other);
        if (hidden.isEmpty()) {
            return false;
        }
        List<Place> visible = new ArrayList<>();
        place(shown).ifPresent(visible::add);
        for (Mount mount : mounts) {
            if (mount.point().startsWith(shown)) {
                visible.add(new Place(mount.device(), mount.root()));
            }
        }
        return visible.stream()
                .anyMatch(place -> place.contains(hidden.get()) || hidden.get().contains(place));
    }

    /** Of mounts on one point the last is the one that is seen. */
    private Optional<Place> place(Path path) {
        Mount best = null;
        for (Mount mount : mounts) {
            if (path.startsWith(mount.point())
                    && (best == null
                            || mount.point().getNameCount() >= best.point().getNameCount())) {
                best = mount;
            }
        }
        return best == null
                ? Optional.empty()
                : Optional.of(new Place(
                        best.device(), best.root().resolve(best.point().relativize(path))));
    }
}
