package dev.velo.runner;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.Entry;
import dev.velo.cas.manifest.EntryType;
import dev.velo.cas.posix.Timestamp;
import dev.velo.namespaces.MountOp;
import dev.velo.profiles.HostMount;
import dev.velo.profiles.Profile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Plans what stands where on a payload's root: the mounts in their order, and the skeleton, a topmost layer that holds every mount point.
 * A directory of the skeleton hides whatever a manifest has under that name that is not a directory; so no image can move a mount.
 */
final class RootPlan {
    /** An entry of the skeleton; a link has a target, a directory a mode, and a time where a manifest has that directory. */
    record Point(Kind kind, int mode, String target, Timestamp modified) {
        enum Kind {
            DIRECTORY,
            FILE,
            SYMLINK
        }
    }

    private static final int DEFAULT_MODE = 0755;
    private static final long INODES = 1 << 20;

    private final List<Tree> topmostFirst;
    private final Path store;
    private final Path directory;
    private final Map<TreePath, Point> skeleton = new TreeMap<>();
    private final List<MountOp> mounts = new ArrayList<>();

    /**
     * @param topmostFirst the trees below the skeleton
     * @param store the real path of the store, of which no payload may see anything
     * @param directory the caller's: where the sources of his binds start
     */
    RootPlan(List<Tree> topmostFirst, Path store, Path directory) {
        this.topmostFirst = topmostFirst;
        this.store = store;
        this.directory = directory;
    }

    /** Everything of the profile and then the user's binds; later mounts lie on top of earlier ones. */
    void plan(Profile profile, List<BindSpec> binds) throws VeloException {
        directory(TreePath.parse("/proc"));
        directory(TreePath.parse("/dev"));
        directory(TreePath.parse("/tmp"));
        mounts.add(MountOp.proc("/proc"));
        mounts.add(MountOp.dev("/dev", profile.shmSize()));
        mounts.add(MountOp.tmpfs("/tmp", 01777, profile.tmpSize(), INODES));
        for (HostMount mount : profile.mounts()) {
            for (HostMount single : expanded(mount)) {
                show(single);
            }
        }
        for (BindSpec bind : binds) {
            bind(bind);
        }
    }

    List<MountOp> mounts() {
        return mounts;
    }

    /** Parents before children. */
    Map<TreePath, Point> skeleton() {
        return skeleton;
    }

    private static List<HostMount> expanded(HostMount mount) throws VeloException {
        if (mount.source().indexOf('*') < 0) {
            return List.of(mount);
        }
        Path pattern = Path.of(mount.source());
        List<HostMount> matches = new ArrayList<>();
        try (Stream<Path> entries = Files.list(pattern.getParent())) {
            // Only '*' means something: the format knows no other wildcard.
            String expression = Pattern.quote(pattern.getFileName().toString()).replace("*", "\\E.*\\Q");
            Predicate<String> name = Pattern.compile(expression, Pattern.DOTALL).asMatchPredicate();
            entries.filter(path -> name.test(path.getFileName().toString()))
                    .forEach(path -> matches.add(new HostMount(
                            path.toString(), path.toString(), mount.writable(), true, mount.underManifests())));
        } catch (IOException e) {
            if (!mount.optional()) {
                throw missing(mount.source());
            }
        }
        matches.sort(Comparator.comparing(HostMount::target));
        return matches;
    }

    private static VeloException missing(String source) {
        return new VeloException(
                "cannot show " + source + " in the sandbox: the host does not have it",
                "correct the profile or the --bind, or mark it optional");
    }

    private void show(HostMount mount) throws VeloException {
        Path source = Path.of(mount.source());
        if (!Files.exists(source, LinkOption.NOFOLLOW_LINKS) || !Files.exists(source)) {
            if (mount.optional()) {
                return;
            }
            throw missing(mount.source());
        }
        TreePath target = TreePath.parse(mount.target());
        Optional<EntryType> manifest = topmost(target);
        if (mount.underManifests() && manifest.isPresent() && manifest.get() != EntryType.DIRECTORY) {
            return;
        }
        if (Files.isSymbolicLink(source) && manifest.isEmpty() && mount.source().equals(mount.target())) {
            point(target, new Point(Point.Kind.SYMLINK, 0, readLink(source), null));
            return;
        }
        boolean file = !Files.isDirectory(source);
        if (file && mount.underManifests() && manifest.isPresent()) {
            return;
        }
        mount(outsideStore(source), target, file, mount);
    }

    private void mount(String source, TreePath target, boolean file, HostMount mount) {
        if (file) {
            file(target);
            mounts.add(MountOp.bind(source, absolute(target), !mount.writable(), true));
            return;
        }
        directory(target);
        List<String> above = mount.underManifests() ? layersAt(target) : List.of();
        if (above.isEmpty()) {
            mounts.add(MountOp.bind(source, absolute(target), !mount.writable(), false));
        } else {
            List<String> layers = new ArrayList<>(above);
            layers.add(source);
            mounts.add(MountOp.overlay(layers, absolute(target)));
        }
    }

    private void bind(BindSpec bind) throws VeloException {
        Path source = directory.resolve(bind.source());
        if (!Files.exists(source)) {
            throw missing(bind.source());
        }
        TreePath target = new TargetResolution(topmostFirst, skeleton)
                .resolve(TreePath.parse(bind.target()))
                .filter(place -> !place.isRoot() && BindSpec.isAllowed(absolute(place)))
                .orElseThrow(() -> new VeloException(
                        "cannot bind at " + bind.target() + ": links in the manifests lead where nothing can be bound",
                        "bind it somewhere else"));
        boolean file = !Files.isDirectory(source);
        // On an earlier mount the launcher makes what is missing of the way; the skeleton would be hidden there.
        boolean covered = mounts.stream().anyMatch(above -> absolute(target).startsWith(above.target() + "/"));
        if (!covered && file) {
            file(target);
        } else if (!covered) {
            directory(target);
        }
        mounts.add(MountOp.bind(outsideStore(source), absolute(target), !bind.writable(), file));
    }

    /** The type that the stacked trees show at a path. */
    private Optional<EntryType> topmost(TreePath path) {
        for (Tree tree : topmostFirst) {
            Optional<Entry> entry = tree.manifest().find(path);
            if (entry.isPresent()) {
                return entry.get().type() == EntryType.WHITEOUT
                        ? Optional.empty()
                        : Optional.of(entry.get().type());
            }
            if (hides(tree, path)) {
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** Nothing of the trees below this one is seen at the path: it, or what is above it, is opaque, gone or no directory here. */
    private static boolean hides(Tree tree, TreePath path) {
        TreePath at = TreePath.ROOT;
        for (FileName name : path.components()) {
            at = at.child(name);
            Optional<Entry> entry = tree.manifest().find(at);
            if (entry.isPresent() && !(entry.get().node() instanceof DirectoryNode directory && !directory.opaque())) {
                return true;
            }
        }
        return false;
    }

    /** The farms' own directories at a path, topmost first, down to the first tree that has something else there. */
    private List<String> layersAt(TreePath path) {
        List<String> layers = new ArrayList<>();
        for (Tree tree : topmostFirst) {
            Optional<Entry> entry = tree.manifest().find(path);
            if (entry.isPresent() && entry.get().type() != EntryType.DIRECTORY) {
                break;
            }
            String layer = tree.layer() + absolute(path);
            // The kernel refuses a layer that stands twice.
            if (entry.isPresent() && !layers.contains(layer)) {
                layers.add(layer);
            }
            if (hides(tree, path)) {
                break;
            }
        }
        return layers;
    }

    private void directory(TreePath path) {
        parents(path);
        skeleton.putIfAbsent(path, directoryPoint(path));
    }

    private void file(TreePath path) {
        parents(path);
        skeleton.put(path, new Point(Point.Kind.FILE, 0444, null, null));
    }

    private void point(TreePath path, Point point) {
        parents(path);
        skeleton.put(path, point);
    }

    private void parents(TreePath path) {
        TreePath at = TreePath.ROOT;
        List<FileName> names = path.components();
        for (FileName name : names.subList(0, names.size() - 1)) {
            at = at.child(name);
            skeleton.putIfAbsent(at, directoryPoint(at));
        }
    }

    /** A merged directory shows the attributes of its topmost layer, which the skeleton is; so it takes them from the manifests. */
    private Point directoryPoint(TreePath path) {
        for (Tree tree : topmostFirst) {
            Optional<Entry> entry = tree.manifest().find(path);
            if (entry.isPresent()) {
                return entry.get().node() instanceof DirectoryNode directory
                        ? new Point(Point.Kind.DIRECTORY, directory.mode(), null, directory.modified())
                        : new Point(Point.Kind.DIRECTORY, DEFAULT_MODE, null, null);
            }
        }
        return new Point(Point.Kind.DIRECTORY, DEFAULT_MODE, null, null);
    }

    private static String absolute(TreePath path) {
        return "/" + path.toUtf8();
    }

    private static String readLink(Path link) throws VeloException {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            throw missing(link.toString());
        }
    }

    /** A payload that reaches the store by another way could change, or learn, what every other run is made of. */
    private String outsideStore(Path source) throws VeloException {
        Path real = Path.of(realPath(source));
        if (MountTable.ofThisProcess().shows(real, store)) {
            throw new VeloException(
                    "cannot show " + source + " in the sandbox: the store " + store + " would be seen through it",
                    "show a directory that does not contain the store, or keep the store elsewhere (--store)");
        }
        return real.toString();
    }

    private static String realPath(Path path) throws VeloException {
        try {
            return path.toRealPath().toString();
        } catch (IOException e) {
            throw missing(path.toString());
        }
    }
}
