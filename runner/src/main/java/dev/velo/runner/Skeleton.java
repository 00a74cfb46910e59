package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Writes the topmost layer of a run: nothing but mount points. */
final class Skeleton {
    private static final String NAME = "skeleton";
    private static final String SHARED = "skeletons";

    private final Store store;
    private final FileOps files;

    Skeleton(Store store) {
        this.store = store;
        this.files = store.files();
    }

    /**
     * Of one run: it goes with the run's directory.
     *
     * @param points parents before children
     * @return the layer, relative to the store
     */
    String write(Lease lease, Map<TreePath, RootPlan.Point> points) throws IOException {
        make(lease.place(), points);
        return lease.place() + "/" + NAME;
    }

    /**
     * Of all runs with these points: it is made once, and kept beside the topmost tree in that one's farm. So it lives as long as the farm,
     * which no collector takes while a run has a lease on its manifest. As little as the farm is it synced, and as little is it used after the
     * next start of the machine.
     *
     * @param topmost names the farm that keeps it
     */
    String share(Lease lease, Tree topmost, Map<TreePath, RootPlan.Point> points) throws IOException {
        String directory = topmost.farm() + "/" + SHARED;
        String layer = directory + "/" + digest(points);
        if (files.statusIfPresent(store.root(), bytes(layer)).isPresent()) {
            return layer;
        }
        make(lease.place(), points);
        try {
            files.makeDirectory(store.root(), bytes(directory), 0700);
        } catch (ErrnoException e) {
            refuseUnless(e, Errno.EEXIST);
        }
        try {
            files.renameNew(store.root(), bytes(lease.place() + "/" + NAME), store.root(), bytes(layer));
        } catch (ErrnoException e) {
            // Another run was faster; this one's goes with its directory.
            refuseUnless(e, Errno.EEXIST);
        }
        return layer;
    }

    private static void refuseUnless(ErrnoException e, Errno expected) throws ErrnoException {
        if (!e.is(expected)) {
            throw e;
        }
    }

    private static Digest digest(Map<TreePath, RootPlan.Point> points) {
        StringBuilder text = new StringBuilder();
        points.forEach((path, point) -> text.append(path.toUtf8())
                .append('\0')
                .append(point.kind())
                .append(' ')
                .append(point.mode())
                .append(' ')
                .append(point.modified())
                .append(' ')
                .append(point.target())
                .append('\0'));
        return Digest.of(bytes(text.toString()));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void make(String run, Map<TreePath, RootPlan.Point> points) throws IOException {
        byte[] name = bytes(run + "/" + NAME);
        files.makeDirectory(store.root(), name, 0755);
        try (Descriptor root = files.openDirectory(store.root(), name)) {
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
