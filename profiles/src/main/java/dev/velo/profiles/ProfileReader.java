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
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/**
 * Reads a profile: docs/formats/profile.md. Works on YAML's node graph, not on constructed objects, so that every fault has a line and
 * a column and no tag can name a class. Whatever is not in the schema is refused: a key that is misspelt could be a protection.
 */
final class ProfileReader {
    private static final Set<String> NOT_YET = Set.of("limits", "syscalls");

    /** Finds the profile that another one extends. */
    interface Catalog {
        Profile find(String name) throws ProfileException;
    }

    /** A fault at a place. */
    private static final class Fault extends RuntimeException {
        private final Node at;

        Fault(Node at, String message) {
            super(message, null, false, false);
            this.at = at;
        }
    }

    private final String file;
    private final Catalog catalog;

    ProfileReader(String file, Catalog catalog) {
        this.file = file;
        this.catalog = catalog;
    }

    Profile read(String text) throws ProfileException {
        try {
            Node root = new Yaml(new SafeConstructor(options())).compose(new StringReader(text));
            if (root == null) {
                throw fault(1, 1, "the file is empty");
            }
            return profile(root);
        } catch (Fault e) {
            throw fault(e.at.getStartMark().getLine() + 1, e.at.getStartMark().getColumn() + 1, e.getMessage());
        } catch (MarkedYAMLException e) {
            int line = e.getProblemMark() == null ? 1 : e.getProblemMark().getLine() + 1;
            int column = e.getProblemMark() == null ? 1 : e.getProblemMark().getColumn() + 1;
            throw fault(line, column, oneLine(e.getProblem()));
        } catch (YAMLException e) {
            throw fault(1, 1, oneLine(e.getMessage()));
        }
    }

    private static LoaderOptions options() {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        options.setMaxAliasesForCollections(0);
        options.setNestingDepthLimit(8);
        options.setCodePointLimit(ProfileCatalog.MAX_SIZE);
        return options;
    }

    private ProfileException fault(int line, int column, String what) {
        return new ProfileException(
                "cannot read profile " + file + ": line " + line + ", column " + column + ": " + what,
                "correct it as docs/formats/profile.md says");
    }

    private static String oneLine(String text) {
        return String.valueOf(text).replaceAll("\\s+", " ").trim();
    }

    private Profile profile(Node root) throws ProfileException {
        Map<String, Node> keys = mapping(
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
                        "mounts"));
        Profile base = keys.containsKey("extends")
                ? catalog.find(scalar(keys.get("extends")))
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
                        List.of());
        Map<String, Node> identity = section(keys, "identity", Set.of("uid", "gid"));
        Map<String, Node> environment = section(keys, "environment", Set.of("set", "pass"));
        return new Profile(
                value(keys, "name", ProfileReader::scalar, base.name()),
                value(keys, "description", ProfileReader::scalar, base.description()),
                value(identity, "uid", ProfileReader::id, base.uid()),
                value(identity, "gid", ProfileReader::id, base.gid()),
                value(keys, "hostname", ProfileReader::hostname, base.hostname()),
                value(keys, "workdir", ProfileReader::path, base.workdir()),
                variables(environment, base.set()),
                names(environment, base.pass()),
                value(keys, "network", ProfileReader::network, base.hostNetwork()),
                value(section(keys, "tmp", Set.of("size")), "size", ProfileReader::size, base.tmpSize()),
                value(section(keys, "shm", Set.of("size")), "size", ProfileReader::size, base.shmSize()),
                mounts(keys, base.mounts()));
    }

    private static <T> T value(Map<String, Node> keys, String key, Function<Node, T> reader, T otherwise) {
        return keys.containsKey(key) ? reader.apply(keys.get(key)) : otherwise;
    }

    private static Map<String, Node> section(Map<String, Node> keys, String key, Set<String> allowed) {
        return keys.containsKey(key) ? mapping(keys.get(key), allowed) : Map.of();
    }

    /** @param allowed the keys of the schema, or null where the keys are the user's */
    private static Map<String, Node> mapping(Node node, Set<String> allowed) {
        if (!(node instanceof MappingNode map)) {
            throw new Fault(node, "a mapping (key: value) must stand here");
        }
        Map<String, Node> keys = new LinkedHashMap<>();
        for (NodeTuple tuple : map.getValue()) {
            String key = scalar(tuple.getKeyNode());
            if (allowed != null && NOT_YET.contains(key)) {
                throw new Fault(tuple.getKeyNode(), "this version cannot enforce '" + key + "'");
            }
            if (allowed != null && !allowed.contains(key)) {
                throw new Fault(tuple.getKeyNode(), "unknown key '" + key + "'");
            }
            if (keys.put(key, tuple.getValueNode()) != null) {
                throw new Fault(tuple.getKeyNode(), "key '" + key + "' stands twice");
            }
        }
        return keys;
    }

    private static String scalar(Node node) {
        if (!(node instanceof ScalarNode scalar)
                || !node.getTag().getValue().startsWith("tag:yaml.org,2002:")
                || node.getTag().getValue().endsWith(":null")) {
            throw new Fault(node, "a plain value must stand here");
        }
        String text = scalar.getValue();
        if (text.indexOf('\0') >= 0) {
            throw new Fault(node, "a NUL character");
        }
        return text;
    }

    private static List<Node> sequence(Node node) {
        if (!(node instanceof SequenceNode list)) {
            throw new Fault(node, "a list must stand here");
        }
        return list.getValue();
    }

    private static OptionalInt id(Node node) {
        String text = scalar(node);
        if (text.equals("caller")) {
            return OptionalInt.empty();
        }
        if (!text.matches("[0-9]{1,9}")) {
            throw new Fault(node, "'" + text + "' is neither a number nor 'caller'");
        }
        return OptionalInt.of(Integer.parseInt(text));
    }

    private static String hostname(Node node) {
        String text = scalar(node);
        if (!text.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?")) {
            throw new Fault(node, "'" + text + "' is not a host name");
        }
        return text;
    }

    private static String path(Node node) {
        String text = scalar(node);
        boolean climbs = List.of(text.split("/")).contains("..");
        if (!text.startsWith("/") || climbs) {
            throw new Fault(node, "'" + text + "' is not an absolute path without '..'");
        }
        String cleaned = text.replaceAll("/+", "/");
        return cleaned.length() > 1 && cleaned.endsWith("/") ? cleaned.substring(0, cleaned.length() - 1) : cleaned;
    }

    private static boolean network(Node node) {
        String text = scalar(node);
        if (!text.equals("none") && !text.equals("host")) {
            throw new Fault(node, "'" + text + "' is neither 'none' nor 'host'");
        }
        return text.equals("host");
    }

    private static long size(Node node) {
        try {
            return Sizes.parse(scalar(node));
        } catch (IllegalArgumentException e) {
            throw new Fault(node, e.getMessage());
        }
    }

    private static boolean bool(Node node) {
        String text = scalar(node);
        if (!text.equals("true") && !text.equals("false")) {
            throw new Fault(node, "'" + text + "' is neither 'true' nor 'false'");
        }
        return text.equals("true");
    }

    private static Map<String, String> variables(Map<String, Node> environment, Map<String, String> base) {
        Map<String, String> set = new LinkedHashMap<>(base);
        if (environment.containsKey("set")) {
            mapping(environment.get("set"), null).forEach((name, value) -> {
                checkVariable(value, name);
                set.put(name, scalar(value));
            });
        }
        return set;
    }

    private static List<String> names(Map<String, Node> environment, List<String> base) {
        Set<String> names = new LinkedHashSet<>(base);
        if (environment.containsKey("pass")) {
            for (Node node : sequence(environment.get("pass"))) {
                checkVariable(node, scalar(node));
                names.add(scalar(node));
            }
        }
        return List.copyOf(names);
    }

    private static void checkVariable(Node at, String name) {
        if (name.isEmpty() || name.indexOf('=') >= 0) {
            throw new Fault(at, "'" + name + "' is not the name of an environment variable");
        }
    }

    private static List<HostMount> mounts(Map<String, Node> keys, List<HostMount> base) {
        if (!keys.containsKey("mounts")) {
            return base;
        }
        Set<String> targets = new HashSet<>();
        List<HostMount> mounts = new ArrayList<>(base);
        base.forEach(mount -> targets.add(mount.target()));
        for (Node node : sequence(keys.get("mounts"))) {
            Map<String, Node> fields = mapping(node, Set.of("host", "at", "mode", "optional", "under"));
            if (!fields.containsKey("host")) {
                throw new Fault(node, "a mount needs the key 'host'");
            }
            String source = path(fields.get("host"));
            String target = value(fields, "at", ProfileReader::path, source);
            checkMount(node, fields, source, target);
            if (!targets.add(target)) {
                throw new Fault(node, "something is mounted at " + target + " already");
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
            throw new Fault(node, "'*' may stand only in the last component of a path");
        }
        if (glob && fields.containsKey("at")) {
            throw new Fault(node, "a path with '*' is shown at its own place: leave 'at' out");
        }
        for (String own : List.of("/", "/proc", "/dev")) {
            if (target.equals(own) || (own.length() > 1 && target.startsWith(own + "/"))) {
                throw new Fault(node, "nothing can be mounted at " + target);
            }
        }
    }

    private static boolean writable(Node node) {
        String text = scalar(node);
        if (!text.equals("ro") && !text.equals("rw")) {
            throw new Fault(node, "'" + text + "' is neither 'ro' nor 'rw'");
        }
        return text.equals("rw");
    }
}
