package dev.velo.profiles;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Function;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;

/**
 * Reads a profile: docs/formats/profile.md. Works on YAML's node graph, not on constructed objects, so that every fault has a line and
 * a column and no tag can name a class. Whatever is not in the schema is refused: a key that is misspelt could be a protection.
 */
final class ProfileReader {
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
            Node root = new Yaml(new SafeConstructor(options())).compose(new StringReader(text));
            if (root == null) {
                throw fault(1, 1, "the file is empty");
            }
            return profile(root);
        } catch (Nodes.Fault e) {
            throw fault(e.line(), e.column(), oneLine(e.getMessage()));
        } catch (MarkedYAMLException e) {
            int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
            int column = e.getProblemMark() == null ? 1 : e.getProblemMark().getColumn() + 1;
            throw fault(
                    line,
                    column,
                    oneLine(
                            e.getProblem().startsWith("but ")
                                    ? e.getContext() + " " + e.getProblem()
                                    : e.getProblem()));
        } catch (YAMLException e) {
            throw new ProfileException("cannot read profile " + file + ": " + oneLine(e.getMessage()), REMEDY);
        }
    }

    private static LoaderOptions options() {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        // An alias needs an anchor, and an anchor is refused where it stands; an alias limit would not say where.
        options.setMaxAliasesForCollections(Integer.MAX_VALUE);
        options.setNestingDepthLimit(8);
        options.setCodePointLimit(ProfileCatalog.MAX_SIZE);
        return options;
    }

    private ProfileException fault(int line, int column, String what) {
        return new ProfileException(
                "cannot read profile " + file + ": line " + line + ", column " + column + ": " + what, REMEDY);
    }

    private static String oneLine(String text) {
        return String.valueOf(text).replaceAll("[\\s\\p{Cntrl}]+", " ").trim();
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
                value(identity, "uid", ProfileReader::id, base.uid()),
                value(identity, "gid", ProfileReader::id, base.gid()),
                value(keys, "hostname", ProfileReader::hostname, base.hostname()),
                value(keys, "workdir", ProfileReader::path, base.workdir()),
                variables(environment, base.set()),
                names(environment, base.pass()),
                value(keys, "network", ProfileReader::network, base.hostNetwork()),
                value(section(keys, "tmp", Set.of("size")), "size", ProfileReader::size, base.tmpSize()),
                value(section(keys, "shm", Set.of("size")), "size", ProfileReader::size, base.shmSize()),
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

    private static OptionalInt id(Node node) {
        String text = Nodes.scalar(node);
        if (text.equals("caller")) {
            return OptionalInt.empty();
        }
        if (!text.matches("[0-9]{1,9}")) {
            throw new Nodes.Fault(node, "'" + text + "' is neither a number nor 'caller'");
        }
        return OptionalInt.of(Integer.parseInt(text));
    }

    private static String hostname(Node node) {
        String text = Nodes.scalar(node);
        if (!text.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?")) {
            throw new Nodes.Fault(node, "'" + text + "' is not a host name");
        }
        return text;
    }

    private static String path(Node node) {
        String text = Nodes.scalar(node);
        boolean climbs = List.of(text.split("/")).contains("..");
        if (!text.startsWith("/") || climbs) {
            throw new Nodes.Fault(node, "'" + text + "' is not an absolute path without '..'");
        }
        // Written in one way only, or /./proc would pass where /proc does not.
        List<String> names = new ArrayList<>(List.of(text.split("/")));
        names.removeIf(name -> name.isEmpty() || name.equals("."));
        return "/" + String.join("/", names);
    }

    private static boolean network(Node node) {
        String text = Nodes.scalar(node);
        if (!text.equals("none") && !text.equals("host")) {
            throw new Nodes.Fault(node, "'" + text + "' is neither 'none' nor 'host'");
        }
        return text.equals("host");
    }

    private static long size(Node node) {
        try {
            long size = Sizes.parse(Nodes.scalar(node));
            if (size == 0) {
                // tmpfs(5): a size of 0 means no limit at all.
                throw new Nodes.Fault(node, "a size of 0 would be no limit");
            }
            return size;
        } catch (IllegalArgumentException e) {
            throw new Nodes.Fault(node, e.getMessage());
        }
    }

    private static boolean bool(Node node) {
        String text = Nodes.scalar(node);
        if (!text.equals("true") && !text.equals("false")) {
            throw new Nodes.Fault(node, "'" + text + "' is neither 'true' nor 'false'");
        }
        return text.equals("true");
    }

    private static Map<String, String> variables(Map<String, Node> environment, Map<String, String> base) {
        Map<String, String> set = new LinkedHashMap<>(base);
        if (environment.containsKey("set")) {
            Nodes.mapping(environment.get("set"), null).forEach((name, value) -> {
                checkVariable(value, name);
                set.put(name, Nodes.scalar(value));
            });
        }
        return set;
    }

    private static List<String> names(Map<String, Node> environment, List<String> base) {
        Set<String> names = new LinkedHashSet<>(base);
        if (environment.containsKey("pass")) {
            for (Node node : Nodes.sequence(environment.get("pass"))) {
                checkVariable(node, Nodes.scalar(node));
                names.add(Nodes.scalar(node));
            }
        }
        return List.copyOf(names);
    }

    private static void checkVariable(Node at, String name) {
        if (name.isEmpty() || name.indexOf('=') >= 0) {
            throw new Nodes.Fault(at, "'" + name + "' is not the name of an environment variable");
        }
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
            String source = path(fields.get("host"));
            String target = value(fields, "at", ProfileReader::path, source);
            checkMount(node, fields, source, target);
            if (!targets.add(target)) {
                throw new Nodes.Fault(node, "something is mounted at " + target + " already");
            }
            mounts.add(new HostMount(
                    source,
                    target,
                    value(fields, "mode", ProfileReader::writable, false),
                    value(fields, "optional", ProfileReader::bool, false),
                    value(fields, "under", ProfileReader::bool, false)));
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
        if (value(fields, "under", ProfileReader::bool, false)
                && value(fields, "mode", ProfileReader::writable, false)) {
            throw new Nodes.Fault(node, "a mount with 'under: true' cannot have 'mode: rw'");
        }
        for (String own : List.of("/", "/proc", "/dev")) {
            if (matches(target, own) || (own.length() > 1 && target.startsWith(own + "/"))) {
                throw new Nodes.Fault(node, "nothing can be mounted at " + target);
            }
        }
    }

    /** True where a target, in which {@code *} stands for any characters but a slash, can be this path. */
    private static boolean matches(String target, String path) {
        return path.matches("\\Q" + target.replace("*", "\\E[^/]*\\Q") + "\\E");
    }

    private static boolean writable(Node node) {
        String text = Nodes.scalar(node);
        if (!text.equals("ro") && !text.equals("rw")) {
            throw new Nodes.Fault(node, "'" + text + "' is neither 'ro' nor 'rw'");
        }
        return text.equals("rw");
    }
}
