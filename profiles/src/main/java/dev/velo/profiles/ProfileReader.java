package dev.velo.profiles;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import org.yaml.snakeyaml.nodes.Node;

/**
 * Reads a profile: docs/formats/profile.md. Works on YAML's node graph, not on constructed objects, so that every fault has a line and
 * a column and no tag can name a class. Whatever is not in the schema is refused: a key that is misspelt could be a protection.
 */
final class ProfileReader {
    private static final int MAX_LENGTH = 300;
    private static final String REMEDY = "correct it as docs/formats/profile.md says";

    /** Finds the profile that another one extends. */
    interface Catalog {
        Profile find(String name) throws ProfileException;
    }

    private final String file;
    private final Catalog catalog;
    private final SystemCalls.Table calls;

    ProfileReader(String file, Catalog catalog, SystemCalls.Table calls) {
        this.file = file;
        this.catalog = catalog;
        this.calls = calls;
    }

    Profile read(String text) throws ProfileException {
        try {
            return profile(Document.root(text));
        } catch (Nodes.Fault e) {
            throw new ProfileException(
                    "cannot read profile " + file + ": line " + e.line() + ", column " + e.column() + ": "
                            + oneLine(e.getMessage()),
                    REMEDY);
        }
    }

    /** Nothing in it ends a line, moves a cursor or turns the direction of writing; and whatever is quoted, its end is still to be seen. */
    private static String oneLine(String text) {
        String line = text.replaceAll("[\\s\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]+", " ")
                .trim();
        int[] points = line.codePoints().toArray();
        return points.length <= MAX_LENGTH
                ? line
                : new String(points, 0, MAX_LENGTH / 2) + " ... "
                        + new String(points, points.length - MAX_LENGTH / 2, MAX_LENGTH / 2);
    }

    private Profile profile(Node root) throws ProfileException {
        Map<String, Node> keys = Nodes.mapping(
                root,
                Set.of(
                        "name",
                        "description",
                        "extends",
                        "identity",
                        "hostname",
                        "workdir",
                        "environment",
                        "network",
                        "tmp",
                        "shm",
                        "mounts",
                        "limits",
                        "syscalls"));
        Profile base = keys.containsKey("extends")
                ? base(keys.get("extends"))
                : new Profile(
                        file,
                        "",
                        OptionalInt.of(0),
                        OptionalInt.of(0),
                        "velo",
                        "/",
                        Map.of(),
                        List.of(),
                        false,
                        512L << 20,
                        64L << 20,
                        List.of(),
                        Limits.NONE,
                        SystemCalls.UNCHANGED);
        Map<String, Node> identity = section(keys, "identity", Set.of("uid", "gid"));
        Map<String, Node> environment = section(keys, "environment", Set.of("set", "pass"));
        return new Profile(
                value(keys, "name", Nodes::scalar, base.name()),
                value(keys, "description", Nodes::scalar, base.description()),
                value(identity, "uid", Values::id, base.uid()),
                value(identity, "gid", Values::id, base.gid()),
                value(keys, "hostname", Values::hostname, base.hostname()),
                value(keys, "workdir", Values::path, base.workdir()),
                variables(environment, base.set()),
                names(environment, base.pass()),
                value(keys, "network", Values::network, base.hostNetwork()),
                value(section(keys, "tmp", Set.of("size")), "size", Values::size, base.tmpSize()),
                value(section(keys, "shm", Set.of("size")), "size", Values::size, base.shmSize()),
                mounts(keys, base.mounts()),
                value(keys, "limits", LimitsReader::read, Limits.NONE).orElse(base.limits()),
                keys.containsKey("syscalls")
                        ? SystemCallsReader.read(keys.get("syscalls"), base.systemCalls(), calls)
                        : base.systemCalls());
    }

    private Profile base(Node node) throws ProfileException {
        String name = Nodes.scalar(node);
        if (!ProfileCatalog.BUILT_IN.contains(name)) {
            throw new Nodes.Fault(
                    node,
                    "'" + name + "' is none of the built-in profiles " + String.join(", ", ProfileCatalog.BUILT_IN));
        }
        return catalog.find(name);
    }

    private static <T> T value(Map<String, Node> keys, String key, Function<Node, T> reader, T otherwise) {
        return keys.containsKey(key) ? reader.apply(keys.get(key)) : otherwise;
    }

    private static Map<String, Node> section(Map<String, Node> keys, String key, Set<String> allowed) {
        return keys.containsKey(key) ? Nodes.mapping(keys.get(key), allowed) : Map.of();
    }

    private static Map<String, String> variables(Map<String, Node> environment, Map<String, String> base) {
        Map<String, String> set = new LinkedHashMap<>(base);
        if (environment.containsKey("set")) {
            Nodes.mapping(environment.get("set"), null).forEach((name, value) -> {
                set.put(Values.variable(value, name), Nodes.scalar(value));
            });
        }
        return set;
    }

    private static List<String> names(Map<String, Node> environment, List<String> base) {
        Set<String> names = new LinkedHashSet<>(base);
        if (environment.containsKey("pass")) {
            for (Node node : Nodes.sequence(environment.get("pass"))) {
                names.add(Values.variable(node, Nodes.scalar(node)));
            }
        }
        return List.copyOf(names);
    }

    private static List<HostMount> mounts(Map<String, Node> keys, List<HostMount> base) {
        if (!keys.containsKey("mounts")) {
            return base;
        }
        Set<String> targets = new HashSet<>();
        List<HostMount> mounts = new ArrayList<>(base);
        base.forEach(mount -> targets.add(mount.target()));
        for (Node node : Nodes.sequence(keys.get("mounts"))) {
            Map<String, Node> fields = Nodes.mapping(node, Set.of("host", "at", "mode", "optional", "under"));
            if (!fields.containsKey("host")) {
                throw new Nodes.Fault(node, "a mount needs the key 'host'");
            }
            String source = Values.path(fields.get("host"));
            String target = value(fields, "at", Values::path, source);
            checkMount(node, fields, source, target);
            if (!targets.add(target)) {
                throw new Nodes.Fault(node, "something is mounted at " + target + " already");
            }
            mounts.add(new HostMount(
                    source,
                    target,
                    value(fields, "mode", Values::writable, false),
                    value(fields, "optional", Values::bool, false),
                    value(fields, "under", Values::bool, false)));
        }
        return mounts;
    }

    private static void checkMount(Node node, Map<String, Node> fields, String source, String target) {
        boolean glob = source.indexOf('*') >= 0;
        if (source.lastIndexOf('*') >= 0 && source.indexOf('*') < source.lastIndexOf('/')) {
            throw new Nodes.Fault(node, "'*' may stand only in the last component of a path");
        }
        if (glob && fields.containsKey("at")) {
            throw new Nodes.Fault(node, "a path with '*' is shown at its own place: leave 'at' out");
        }
        if (value(fields, "under", Values::bool, false) && value(fields, "mode", Values::writable, false)) {
            throw new Nodes.Fault(node, "a mount with 'under: true' cannot have 'mode: rw'");
        }
        for (String own : List.of("/", "/proc", "/dev")) {
            if (matches(target, own) || (own.length() > 1 && target.startsWith(own + "/"))) {
                throw new Nodes.Fault(node, "nothing can be mounted at " + target);
            }
        }
    }

    /** Whether a target, in which {@code *} stands for any characters but a slash, can be this path. Every star but the last has what it needs. */
    private static boolean matches(String target, String path) {
        int at = 0;
        int done = 0;
        int star = -1;
        int starred = 0;
        while (done < path.length()) {
            if (at < target.length() && target.charAt(at) == '*') {
                star = at++;
                starred = done;
            } else if (at < target.length() && target.charAt(at) == path.charAt(done)) {
                at++;
                done++;
            } else if (star >= 0 && path.charAt(starred) != '/') {
                at = star + 1;
                done = ++starred;
            } else {
                return false;
            }
        }
        return target.substring(at).chars().allMatch(c -> c == '*');
    }
}
