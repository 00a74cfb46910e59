package dev.velo.runner;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes the topmost layer of a run: nothing but mount points. */
final class Skeleton {
    static final String NAME = "skeleton";

    private final FileOps files;

    Skeleton(FileOps files) {
        this.files = files;
    }

    /** Makes the directory {@link #NAME} in {@code run} with these points, parents before children. */
    void write(int run, Map<TreePath, RootPlan.Point> points) throws IOException {
        byte[] name = NAME.getBytes(StandardCharsets.US_ASCII);
        files.makeDirectory(run, name, 0755);
        try (Descriptor root = files.openDirectory(run, name)) {
            files.changeMode(root.number(), 0755);
            for (Map.Entry<TreePath, RootPlan.Point> point : points.entrySet()) {
                make(root.number(), point.getKey(), point.getValue());
            }
            modes(root.number(), points);
        }
    }

    private void make(int root, TreePath path, RootPlan.Point point) throws IOException {
        List<FileName> names = path.components();
        byte[] last = names.get(names.size() - 1).toBytes();
        try (Parent parent = new Parent(root, names.subList(0, names.size() - 1))) {
            switch (point.kind()) {
                case DIRECTORY -> files.makeDirectory(parent.number(), last, 0700);
                case FILE ->
                    files.createFile(parent.number(), last, point.mode()).close();
                case SYMLINK -> files.symlink(point.target().getBytes(StandardCharsets.UTF_8), parent.number(), last);
            }
        }
    }

    /** Children first: a directory's own mode may forbid what is made in it. */
    private void modes(int root, Map<TreePath, RootPlan.Point> points) throws IOException {
        List<TreePath> paths = new ArrayList<>(points.keySet());
        for (int i = paths.size() - 1; i >= 0; i--) {
            RootPlan.Point point = points.get(paths.get(i));
            if (point.kind() == RootPlan.Point.Kind.DIRECTORY) {
                List<FileName> names = paths.get(i).components();
                try (Parent directory = new Parent(root, names)) {
                    files.changeMode(directory.number(), point.mode());
                    if (point.modified() != null) {
                        files.setModified(directory.number(), point.modified());
                    }
                }
            }
        }
    }

    /** A directory reached name by name; only the last descriptor stays open. */
    private final class Parent implements AutoCloseable {
        private final int root;
        private Descriptor last;

        Parent(int root, List<FileName> names) throws IOException {
            this.root = root;
            for (FileName name : names) {
                Descriptor next = files.openDirectory(number(), name.toBytes());
                close();
                last = next;
            }
        }

        int number() {
            return last == null ? root : last.number();
        }

        @Override
        public void close() throws IOException {
            if (last != null) {
                last.close();
            }
        }
    }
}
