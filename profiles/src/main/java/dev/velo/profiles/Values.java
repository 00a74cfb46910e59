package dev.velo.profiles;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.yaml.snakeyaml.nodes.Node;

/** What a plain value of a profile can be. */
final class Values {
    private Values() {}

    static OptionalInt id(Node node) {
        String text = Nodes.scalar(node);
        if (text.equals("caller")) {
            return OptionalInt.empty();
        }
        if (!text.matches("[0-9]{1,9}")) {
            throw new Nodes.Fault(node, "'" + text + "' is neither a number nor 'caller'");
        }
        return OptionalInt.of(Integer.parseInt(text));
    }

    static String hostname(Node node) {
        String text = Nodes.scalar(node);
        if (!text.matches("[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])?")) {
            throw new Nodes.Fault(node, "'" + text + "' is not a host name");
        }
        return text;
    }

    static String path(Node node) {
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

    static boolean network(Node node) {
        return !isFirst(node, "none", "host");
    }

    static boolean bool(Node node) {
        return isFirst(node, "true", "false");
    }

    static boolean writable(Node node) {
        return !isFirst(node, "ro", "rw");
    }

    private static boolean isFirst(Node node, String first, String second) {
        String text = Nodes.scalar(node);
        if (!text.equals(first) && !text.equals(second)) {
            throw new Nodes.Fault(node, "'" + text + "' is neither '" + first + "' nor '" + second + "'");
        }
        return text.equals(first);
    }

    static long size(Node node) {
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

    static String variable(Node at, String name) {
        if (name.isEmpty() || name.indexOf('=') >= 0) {
            throw new Nodes.Fault(at, "'" + name + "' is not the name of an environment variable");
        }
        return name;
    }
}
