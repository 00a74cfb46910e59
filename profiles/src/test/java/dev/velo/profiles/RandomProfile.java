package dev.velo.profiles;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;

/** Good profiles: values, and a document that says them. What the document leaves out has the default, or what the extended profile has. */
final class RandomProfile {
    private static final List<String> WORDS = List.of(
            "a",
            "usr",
            "opt",
            "data",
            "proc",
            "dev",
            "etc",
            "java",
            "lib",
            "...",
            ".hidden",
            "a b",
            "x=y",
            "\\E",
            "\\Q",
            "(",
            "[a-z]",
            "{1}",
            "$HOME",
            "~",
            "-",
            "'",
            "\"",
            "#",
            "\u00fc",
            "\u2713",
            "\ud83d\ude00",
            "\u0007",
            "\n",
            "\u0085",
            "\u2028",
            "\u202e",
            "\ufeff");

    private final Random random;
    private final YamlTree.Mapping tree = new YamlTree.Mapping();
    private final Profile profile;

    /** @param file the name of a profile that does not say one */
    RandomProfile(Random random, String file) throws ProfileException {
        this.random = random;
        Profile base = random.nextInt(4) == 0 ? extended() : defaults(file);
        String name = some() ? said("name", text()) : base.name();
        String description = some() ? said("description", text()) : base.description();
        YamlTree.Mapping identity = new YamlTree.Mapping();
        OptionalInt uid = some() ? id(identity, "uid") : base.uid();
        OptionalInt gid = some() ? id(identity, "gid") : base.gid();
        section("identity", identity);
        String hostname = some() ? said("hostname", hostname()) : base.hostname();
        String workdir = some() ? place("workdir", tree, path()) : base.workdir();
        YamlTree.Mapping environment = new YamlTree.Mapping();
        Map<String, String> set = some() ? variables(environment, base.set()) : base.set();
        List<String> pass = some() ? names(environment, base.pass()) : base.pass();
        section("environment", environment);
        boolean network =
                some() ? said("network", random.nextBoolean() ? "host" : "none").equals("host") : base.hostNetwork();
        long tmp = some() ? size("tmp") : base.tmpSize();
        long shm = some() ? size("shm") : base.shmSize();
        List<HostMount> mounts = some() ? mounts(base.mounts()) : base.mounts();
        RandomPolicy policy = new RandomPolicy(random);
        Limits limits = some() ? policy.limits(tree).orElse(base.limits()) : base.limits();
        SystemCalls calls = some() ? policy.calls(tree) : base.systemCalls();
        this.profile = new Profile(
                name, description, uid, gid, hostname, workdir, set, pass, network, tmp, shm, mounts, limits, calls);
        Collections.shuffle(tree.entries(), random);
    }

    Profile profile() {
        return profile;
    }

    YamlTree.Mapping tree() {
        return tree;
    }

    private static Profile defaults(String file) {
        return new Profile(
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
    }

    private Profile extended() throws ProfileException {
        return RandomPolicy.catalog().load(said("extends", any(ProfileCatalog.BUILT_IN)), Path.of("/"));
    }

    private boolean some() {
        return random.nextBoolean();
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private String said(String key, String value) {
        tree.put(key, value);
        return value;
    }

    private void section(String key, YamlTree.Mapping section) {
        if (!section.entries().isEmpty() || random.nextInt(8) == 0) {
            tree.put(key, section);
        }
    }

    private String text() {
        return random.ints(random.nextInt(6), 0, WORDS.size())
                .mapToObj(WORDS::get)
                .collect(Collectors.joining());
    }

    private OptionalInt id(YamlTree.Mapping identity, String key) {
        int id = random.nextInt(1 << random.nextInt(1, 30));
        boolean caller = random.nextInt(4) == 0;
        identity.put(key, caller ? "caller" : (random.nextInt(8) == 0 && id < 1_000_000 ? "00" : "") + id);
        return caller ? OptionalInt.empty() : OptionalInt.of(id);
    }

    private String hostname() {
        String letters = "abcXYZ019-.";
        int length = 1 + random.nextInt(random.nextBoolean() ? 8 : 64);
        StringBuilder name = new StringBuilder();
        for (int i = 0; i < length; i++) {
            boolean end = i == 0 || i == length - 1;
            name.append(letters.charAt(random.nextInt(letters.length() - (end ? 2 : 0))));
        }
        return name.toString();
    }

    /** In its one form. */
    private String path() {
        return random.ints(random.nextInt(4), 0, WORDS.size())
                .mapToObj(WORDS::get)
                .map("/"::concat)
                .collect(Collectors.joining());
    }

    /** Puts a path in one of its many forms, and tells the one that it stands for. */
    private String place(String key, YamlTree.Mapping map, String path) {
        String written = path.isEmpty() || random.nextInt(4) == 0 ? path + "/" : path;
        for (int i = random.nextInt(3); i > 0; i--) {
            int slash = written.indexOf('/', random.nextInt(written.length()));
            slash = Math.max(slash, 0);
            written = written.substring(0, slash) + any(List.of("/", "/.", "//./")) + written.substring(slash);
        }
        map.put(key, written);
        return path.isEmpty() ? "/" : path;
    }

    private Map<String, String> variables(YamlTree.Mapping environment, Map<String, String> base) {
        Map<String, String> set = new LinkedHashMap<>(base);
        Map<String, String> added = new LinkedHashMap<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            added.put(variable(), text());
        }
        YamlTree.Mapping map = new YamlTree.Mapping();
        added.forEach(map::put);
        environment.put("set", map);
        set.putAll(added);
        return set;
    }

    private List<String> names(YamlTree.Mapping environment, List<String> base) {
        Set<String> pass = new LinkedHashSet<>(base);
        YamlTree.Sequence list = new YamlTree.Sequence();
        for (int i = random.nextInt(4); i > 0; i--) {
            String name = variable();
            list.items().add(new YamlTree.Text(name));
            pass.add(name);
        }
        environment.put("pass", list);
        return List.copyOf(pass);
    }

    private String variable() {
        String name = text().replace("=", "");
        return name.isEmpty() || some() ? any(List.of("PATH", "HOME", "TERM", "X", "LANG")) : name;
    }

    private long size(String key) {
        int shift = random.nextInt(5);
        long number = 1 + (random.nextLong() >>> (2 + random.nextInt(62))) % 999_999_999_999_999L;
        number = Math.min(number, 1L << (52 - 10 * shift + 9));
        String unit = List.of("", "K", "M", "G", "T").get(shift) + any(List.of("", "B", "iB"));
        tree.put(key, new YamlTree.Mapping().put("size", number + unit));
        return number << 10 * shift;
    }

    private List<HostMount> mounts(List<HostMount> base) {
        List<HostMount> mounts = new ArrayList<>(base);
        Set<String> targets = base.stream().map(HostMount::target).collect(Collectors.toSet());
        YamlTree.Sequence list = new YamlTree.Sequence();
        for (int i = random.nextInt(5); i > 0; i--) {
            YamlTree.Mapping fields = new YamlTree.Mapping();
            HostMount mount = mount(fields);
            if (ProfileRules.isForSandbox(mount.target()) || !targets.add(mount.target())) {
                continue;
            }
            list.items().add(fields);
            mounts.add(mount);
        }
        tree.put("mounts", list);
        return mounts;
    }

    private HostMount mount(YamlTree.Mapping fields) {
        boolean glob = random.nextInt(4) == 0;
        String source = place("host", fields, glob ? path() + "/" + text().replace("/", "") + "*" + text() : path());
        String target = !glob && some() ? place("at", fields, path()) : source;
        boolean writable = some();
        boolean under = !writable && some();
        boolean optional = some();
        // What is the default may be left unsaid.
        if (writable || some()) {
            fields.put("mode", writable ? "rw" : "ro");
        }
        if (under || some()) {
            fields.put("under", String.valueOf(under));
        }
        if (optional || some()) {
            fields.put("optional", String.valueOf(optional));
        }
        Collections.shuffle(fields.entries(), random);
        return new HostMount(source, target, writable, optional, under);
    }
}
