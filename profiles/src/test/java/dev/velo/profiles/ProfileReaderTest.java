package dev.velo.profiles;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProfileReaderTest {
    private static final Path FORMAT = Path.of("../docs/formats/profile.md");

    private static final Map<String, SystemCalls.Rule> CALLS = Map.of(
            "getcwd", SystemCalls.Rule.FREE,
            "mkdir", SystemCalls.Rule.FREE,
            "keyctl", SystemCalls.Rule.DENIED,
            "add_key", SystemCalls.Rule.DENIED,
            "mount", SystemCalls.Rule.FIXED,
            "ioctl", SystemCalls.Rule.CHECKED,
            "execve", SystemCalls.Rule.NEEDED);

    private static final ProfileCatalog CATALOG = new ProfileCatalog(() -> CALLS);

    private static Profile builtIn(String name) throws ProfileException {
        return CATALOG.load(name, Path.of("/"));
    }

    private static Profile read(String text) throws ProfileException {
        return new ProfileReader("p.yaml", ProfileReaderTest::builtIn, () -> CALLS).read(text);
    }

    /** The file name comes first, then where, then what; and it is one line. */
    private static void refused(String text, int line, int column, String what) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(ProfileException.class)
                .hasMessageStartingWith("cannot read profile p.yaml: line " + line + ", column " + column + ": ")
                .hasMessageContaining(what)
                .hasMessageEndingWith("; correct it as docs/formats/profile.md says")
                .extracting(Throwable::getMessage)
                .asString()
                .doesNotContain("\n")
                .doesNotContain("\u001b");
    }

    @Test
    void readsEveryKey() throws Exception {
        Profile profile = read("""
                name: mine
                description: all of it
                identity: {uid: 7, gid: caller}
                hostname: box.example
                workdir: //work/./here/
                environment:
                  set: {ZED: 1, ALPHA: "a b", EMPTY: ""}
                  pass: [TERM, LANG]
                network: host
                tmp: {size: 4096}
                shm: {size: 64K}
                mounts:
                  - {host: /usr, at: /opt/usr/, mode: ro, optional: true, under: true}
                  - {host: /data, mode: rw}
                  - {host: /etc/java*}
                limits: {memory: 1G, pids: 100, cpus: 1.5, disk: 2M, file-size: 1M, timeout: 90s, max-output: 64K, mode: best-effort}
                syscalls:
                  deny: [mkdir, mount, ioctl, getcwd]
                  allow: [keyctl]
                """);
        assertThat(profile.name()).isEqualTo("mine");
        assertThat(profile.description()).isEqualTo("all of it");
        assertThat(profile.uid()).isEqualTo(OptionalInt.of(7));
        assertThat(profile.gid()).isEmpty();
        assertThat(profile.hostname()).isEqualTo("box.example");
        assertThat(profile.workdir()).isEqualTo("/work/here");
        assertThat(profile.set().entrySet().stream().map(Object::toString))
                .containsExactly("ZED=1", "ALPHA=a b", "EMPTY=");
        assertThat(profile.pass()).containsExactly("TERM", "LANG");
        assertThat(profile.hostNetwork()).isTrue();
        assertThat(profile.tmpSize()).isEqualTo(4096);
        assertThat(profile.shmSize()).isEqualTo(65536);
        assertThat(profile.mounts())
                .containsExactly(
                        new HostMount("/usr", "/opt/usr", false, true, true),
                        new HostMount("/data", "/data", true, false, false),
                        new HostMount("/etc/java*", "/etc/java*", false, false, false));
        assertThat(profile.limits())
                .isEqualTo(new Limits(
                        Optional.of(Duration.ofSeconds(90)),
                        OptionalLong.of(1 << 30),
                        OptionalLong.of(100),
                        OptionalLong.of(1500),
                        OptionalLong.of(2 << 20),
                        OptionalLong.of(1 << 20),
                        OptionalLong.of(64 << 10),
                        Optional.of(true)));
        assertThat(profile.systemCalls().denied()).containsExactly("mkdir", "mount", "ioctl", "getcwd");
        assertThat(profile.systemCalls().allowed()).containsExactly("keyctl");
    }

    @Test
    void whatIsNotSaidHasTheDefaultsOfTheFormat() throws Exception {
        Profile profile = read("description: little");
        assertThat(profile)
                .isEqualTo(new Profile(
                        "p.yaml",
                        "little",
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
                        SystemCalls.UNCHANGED));
    }

    @Test
    void whatIsNamedNowhereIsNotAskedFor() throws Exception {
        SystemCalls.Table none = () -> {
            throw new ProfileException("nobody", "asks");
        };
        assertThat(new ProfileReader("p.yaml", ProfileReaderTest::builtIn, none)
                        .read("name: x")
                        .systemCalls())
                .isEqualTo(SystemCalls.UNCHANGED);
        assertThatThrownBy(() ->
                        new ProfileReader("p.yaml", ProfileReaderTest::builtIn, none).read("syscalls: {deny: [mkdir]}"))
                .hasMessage("nobody; asks");
    }

    /** A document with a good value for each key that docs/formats/profile.md has in its tables. */
    @Test
    void everyKeyOfTheDocumentationIsAccepted() throws Exception {
        Map<String, String> examples = new HashMap<>();
        for (String key : List.of("name", "description", "hostname")) {
            examples.put(key, key + ": word");
        }
        examples.put("extends", "extends: hermetic");
        examples.put("identity.uid", "identity: {uid: 5}");
        examples.put("identity.gid", "identity: {gid: caller}");
        examples.put("workdir", "workdir: /w");
        examples.put("environment.set", "environment: {set: {A: b}}");
        examples.put("environment.pass", "environment: {pass: [A]}");
        examples.put("network", "network: none");
        examples.put("tmp.size", "tmp: {size: 1M}");
        examples.put("shm.size", "shm: {size: 1M}");
        examples.put("mounts", "mounts: [{host: /usr}]");
        examples.put("host", "mounts: [{host: /usr}]");
        examples.put("at", "mounts: [{host: /usr, at: /opt}]");
        examples.put("mode", "mounts: [{host: /usr, mode: rw}]");
        examples.put("optional", "mounts: [{host: /usr, optional: true}]");
        examples.put("under", "mounts: [{host: /usr, under: true}]");
        examples.put("limits.memory", "limits: {memory: 1G}");
        examples.put("limits.pids", "limits: {pids: 5}");
        examples.put("limits.cpus", "limits: {cpus: 0.5}");
        examples.put("limits.disk", "limits: {disk: 1G}");
        examples.put("limits.timeout", "limits: {timeout: 1m}");
        examples.put("limits.file-size", "limits: {file-size: 1M}");
        examples.put("limits.max-output", "limits: {max-output: 1M}");
        examples.put("limits.mode", "limits: {mode: strict}");
        examples.put("syscalls.deny", "syscalls: {deny: [getcwd]}");
        examples.put("syscalls.allow", "syscalls: {allow: [keyctl]}");
        assertThat(documentedKeys()).containsExactlyInAnyOrderElementsOf(examples.keySet());
        examples.values()
                .forEach(text -> assertThatCode(() -> read(text)).as(text).doesNotThrowAnyException());
    }

    private static TreeSet<String> documentedKeys() throws IOException {
        TreeSet<String> keys = new TreeSet<>();
        for (String line : Files.readString(FORMAT, StandardCharsets.UTF_8).split("\n")) {
            if (line.startsWith("| `")) {
                Matcher key = Pattern.compile("`([^`]+)`").matcher(line.split("\\|")[1]);
                while (key.find()) {
                    keys.add(key.group(1));
                }
            }
        }
        return keys;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "hostnam: x|1|1|unknown key 'hostnam'",
                "name: x\\nidentity:\\n  uid: 0\\n  user: 1|4|3|unknown key 'user'",
                "mounts:\\n  - {host: /a, ro: true}|2|16|unknown key 'ro'",
                "'bad\\\\nkey': 1|1|1|unknown key 'bad",
                "\"bad\\\\nkey\\\\e[1m\": 1|1|1|unknown key 'bad key [1m'",
                "network: none\\nnetwork: host|2|1|key 'network' stands twice",
                "environment:\\n  set: {A: 1, A: 2}|2|15|key 'A' stands twice",
                "limits: {cpu: 1}|1|10|unknown key 'cpu'",
                "limits: 5|1|9|a mapping",
                "limits: {memory: lots}|1|18|'lots' is not a size",
                "limits: {memory: 0}|1|18|memory must be more than 0; leave it out for no limit",
                "limits: {disk: 1X}|1|16|'1X' is not a size",
                "limits: {disk: [1G]}|1|16|a plain value",
                "limits: {pids: 0}|1|16|pids must be more than 0",
                "limits: {pids: -1}|1|16|'-1' is not a number of processes",
                "limits: {pids: 1_000}|1|16|'1_000' is not a number of processes",
                "limits: {cpus: 0}|1|16|'0' is not a number of processors",
                "limits: {cpus: 1e1}|1|16|'1e1' is not a number of processors",
                "limits: {timeout: 1w}|1|19|'1w' is not a duration",
                "limits: {timeout: 0s}|1|19|timeout must be more than 0",
                "limits: {max-output: 0K}|1|22|max-output must be more than 0",
                "limits:\\n  mode: lax|2|9|'lax' is neither 'strict' nor 'best-effort'",
                "limits: {pids: 1, pids: 2}|1|19|key 'pids' stands twice",
                "syscalls: [getcwd]|1|11|a mapping",
                "syscalls: {kill: [getcwd]}|1|12|unknown key 'kill'",
                "syscalls: {deny: getcwd}|1|18|a list",
                "syscalls: {deny: [{a: b}]}|1|19|a plain value",
                "syscalls: {deny: [getcwd, mkdri]}|1|27|there is no system call 'mkdri' on this architecture",
                "syscalls: {deny: ['mk*']}|1|19|there is no system call 'mk*'",
                "syscalls: {deny: ['*']}|1|19|there is no system call '*'",
                "syscalls: {deny: ['@keys']}|1|19|there is no system call '@keys'",
                "syscalls: {allow: [keys]}|1|20|there is no system call 'keys'",
                "syscalls: {allow: ['']}|1|20|there is no system call ''",
                "syscalls: {deny: [7]}|1|19|there is no system call '7'",
                "syscalls:\\n  allow:\\n    - keyctl\\n    - mount|4|7|'mount' cannot be allowed: docs/syscalls.md says why",
                "syscalls: {allow: [ioctl]}|1|20|'ioctl' cannot be allowed: it is, but for some arguments",
                "syscalls: {allow: [getcwd]}|1|20|'getcwd' cannot be allowed: nothing denies it",
                "syscalls: {allow: [execve]}|1|20|'execve' cannot be allowed: nothing denies it",
                "syscalls: {deny: [execve]}|1|19|'execve' cannot be denied: without it no program begins or ends",
                "syscalls: {deny: [mkdir, mkdir]}|1|26|system call 'mkdir' stands twice",
                "syscalls: {deny: [keyctl], allow: [keyctl]}|1|36|system call 'keyctl' stands twice",
                "just text|1|1|a mapping",
                "[a, b]|1|1|a mapping",
                "---|1|4|a mapping",
                "identity: root|1|11|a mapping",
                "hostname: [a]|1|11|a plain value",
                "hostname: {a: b}|1|11|a plain value",
                "hostname:|1|10|a plain value",
                "hostname: ~|1|11|a plain value",
                "hostname: -velo|1|11|'-velo' is not a host name",
                "hostname: a_b|1|11|is not a host name",
                "description: \"a\\\\0b\"|1|14|a NUL character",
                "identity: {uid: -1}|1|17|is neither a number nor 'caller'",
                "identity: {uid: 0x10}|1|17|is neither a number nor 'caller'",
                "identity: {gid: 99999999999}|1|17|is neither a number nor 'caller'",
                "workdir: here|1|10|'here' is not an absolute path without '..'",
                "workdir: /a/../b|1|10|is not an absolute path without '..'",
                "network: bridge|1|10|'bridge' is neither 'none' nor 'host'",
                "network: true|1|10|is neither 'none' nor 'host'",
                "tmp: {size: lots}|1|13|'lots' is not a size",
                "tmp: {size: 9999999999999T}|1|13|is too large",
                "shm: {size: 0}|1|13|a size of 0 would be no limit",
                "tmp: 5M|1|6|a mapping",
                "environment: {pass: TERM}|1|21|a list",
                "environment: {pass: [[TERM]]}|1|22|a plain value",
                "environment: {pass: ['A=B']}|1|22|is not the name of an environment variable",
                "environment: {set: {'': x}}|1|25|is not the name of an environment variable",
                "environment: {set: {A=B: x}}|1|26|is not the name of an environment variable",
                "environment: {set: {A: [x]}}|1|24|a plain value",
                "environment: {set: {A: null}}|1|24|a plain value",
                "mounts: /usr|1|9|a list",
                "mounts: [/usr]|1|10|a mapping",
                "mounts: [{at: /usr}]|1|10|a mount needs the key 'host'",
                "mounts: [{host: usr}]|1|17|is not an absolute path",
                "mounts: [{host: /usr/..}]|1|17|is not an absolute path without '..'",
                "mounts: [{host: /usr, at: opt}]|1|27|is not an absolute path",
                "mounts: [{host: /usr, mode: rwx}]|1|29|is neither 'ro' nor 'rw'",
                "mounts: [{host: /usr, optional: yes}]|1|33|is neither 'true' nor 'false'",
                "mounts: [{host: /usr, under: 1}]|1|30|is neither 'true' nor 'false'",
                "mounts: [{host: /usr, under: true, mode: rw}]|1|10|'under: true' cannot have 'mode: rw'",
                "mounts: [{host: /a/*/b}]|1|10|'*' may stand only in the last component",
                "mounts: [{host: /a*/b*}]|1|10|'*' may stand only in the last component",
                "mounts: [{host: /a/b*, at: /c}]|1|10|leave 'at' out",
                "mounts:\\n  - host: /a\\n    at: /x\\n  - host: /b\\n    at: /x/|4|5|something is mounted at /x already",
                "name: \"\\uD800\"|1|7|half of a surrogate pair",
                "name: \"\\UFFFFFFFF\"|1|10|there is no character of that number",
                "hostname: \"\\u202ea\\x9b\\u2028b\"|1|11|' a b' is not a host name",
                "mounts: [{host: '/\\E('}, {host: '/\\E('}]|1|26|something is mounted at /\\E( already",
                "name: [a|1|9|expected ',' or ']'",
                "name: x\\n\\tb: y|2|1|",
                "name: x\\n---\\nname: y|2|1|expected a single document",
            })
    void namesEachFaultWithItsPlace(String text, int line, int column, String what) {
        refused(
                text.replace("\\n", "\n")
                        .replace("\\\n", "\\n")
                        .replace("\\t", "\t")
                        .replace("\\\\", "\\"),
                line,
                column,
                what == null ? "" : what);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "//",
                "/.",
                "/proc",
                "/proc/",
                "/proc/self",
                "/./proc",
                "/.//proc/./sys",
                "/dev",
                "/dev/null",
                "/./dev"
            })
    void nothingGoesOverWhatTheSandboxMakes(String target) {
        refused("mounts: [{host: /usr, at: " + target + "}]", 1, 10, "nothing can be mounted at /");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/*", "/pro*", "/*v", "/*proc*", "/dev/*", "/proc/*"})
    void noPatternCanMatchWhatTheSandboxMakes(String pattern) {
        refused("mounts: [{host: '" + pattern + "'}]", 1, 10, "nothing can be mounted at /");
    }

    @Test
    void similarNamesAreFree() throws Exception {
        assertThat(read("mounts: [{host: /process}, {host: /dev.d}, {host: /lib*}, {host: /a/proc}]")
                        .mounts())
                .hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "!!javax.script.ScriptEngineManager {name: x}",
                "!!javax.script.ScriptEngineManager [x]",
                "!!javax.script.ScriptEngineManager x",
                "!local {name: x}",
                "name: !!javax.script.ScriptEngineManager x",
                "name: !local x",
                "name: !!binary aGk=",
                "mounts: !!javax.script.ScriptEngineManager []",
                "mounts: !!set [{host: /usr}]",
                "environment: {set: !!java.net.URLClassLoader {A: x}}",
                "environment: {pass: !!java.net.URL [A]}",
            })
    void noTagNamesAnything(String text) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(ProfileException.class)
                .hasMessageContaining("line 1, column ");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "name: &a x|1|7",
                "name: &a x\\ndescription: *a|1|7",
                "mounts: &m [{host: /usr}]|1|9",
                "tmp: &s {size: 1M}\\nshm: *s|1|6",
                "environment: {set: &e {A: x}}|1|20",
            })
    void noAnchorsAndNoAliases(String text, int line, int column) {
        refused(text.replace("\\n", "\n"), line, column, "anchors and aliases are not allowed");
    }

    @Test
    void anAliasThatGrowsIsRefused() {
        StringBuilder text = new StringBuilder("name: &a0 [x]\n");
        for (int i = 1; i < 40; i++) {
            text.append("k").append(i).append(": &a").append(i).append(" [*a").append(i - 1);
            text.append(", *a").append(i - 1).append("]\n");
        }
        refused(text.toString(), 2, 1, "unknown key 'k1'");
    }

    @Test
    void deepNestingIsRefusedBeforeItCostsAnything() {
        refused("name: " + "[".repeat(500_000), 1, 15, "it is nested deeper than 8");
        refused("name: " + "{a: ".repeat(20) + "1" + "}".repeat(20), 1, 36, "it is nested deeper than 8");
    }

    @Test
    void anEmptyFileIsNoProfile() {
        refused("", 1, 1, "the file is empty");
        refused("# only words\n", 1, 1, "the file is empty");
    }

    @Test
    void extendsKeepsWhatIsNotSaidAndAddsToListsAndVariables() throws Exception {
        Profile base = builtIn("host-tools");
        Profile profile = read("""
                extends: host-tools
                name: more
                identity: {uid: 0}
                environment: {set: {EXTRA: e, HOME: /home}, pass: [LANG, NEW]}
                mounts: [{host: /srv, mode: rw}]
                """);
        assertThat(profile.name()).isEqualTo("more");
        assertThat(profile.description()).isEqualTo(base.description());
        assertThat(profile.uid()).isEqualTo(OptionalInt.of(0));
        assertThat(profile.gid()).isEqualTo(base.gid());
        assertThat(profile.set()).containsAllEntriesOf(Map.of("EXTRA", "e", "HOME", "/home"));
        assertThat(profile.set()).containsEntry("PATH", base.set().get("PATH"));
        assertThat(profile.pass()).containsExactly("TERM", "LANG", "LC_ALL", "TZ", "NEW");
        assertThat(profile.mounts()).hasSize(base.mounts().size() + 1).containsAll(base.mounts());
        refused("extends: host-tools\nmounts: [{host: /usr}]", 2, 10, "something is mounted at /usr already");
    }

    @Test
    void extendsInheritsLimitsAndSystemCallsAndTheNearerWordWins() throws Exception {
        Limits base = read("limits: {memory: 1G, pids: 10, timeout: 1m, mode: best-effort}")
                .limits();
        Limits own = read("limits: {pids: 20, disk: 5M, mode: strict}").limits();
        Limits both = own.orElse(base);
        assertThat(both.memory()).hasValue(1 << 30);
        assertThat(both.processes()).hasValue(20);
        assertThat(both.disk()).hasValue(5 << 20);
        assertThat(both.time()).hasValue(Duration.ofMinutes(1));
        assertThat(both.processors()).isEmpty();
        assertThat(both.output()).isEmpty();
        assertThat(both.bestEffort()).hasValue(false);

        ProfileReader.Catalog catalog = name -> read("""
                limits: {pids: 7, memory: 1M}
                syscalls: {deny: [mkdir, add_key], allow: [keyctl]}
                """);
        ProfileReader reader = new ProfileReader("p.yaml", catalog, () -> CALLS);
        Profile silent = reader.read("extends: hermetic");
        assertThat(silent.limits().processes()).hasValue(7);
        assertThat(silent.systemCalls()).isEqualTo(new SystemCalls(Set.of("mkdir", "add_key"), Set.of("keyctl")));
        Profile nearer = reader.read("""
                extends: hermetic
                limits: {pids: 8}
                syscalls: {deny: [getcwd, keyctl], allow: [add_key]}
                """);
        assertThat(nearer.limits().processes()).hasValue(8);
        assertThat(nearer.limits().memory()).hasValue(1 << 20);
        assertThat(nearer.systemCalls())
                .isEqualTo(new SystemCalls(Set.of("mkdir", "getcwd", "keyctl"), Set.of("add_key")));
    }

    @Test
    void extendsNamesBuiltInProfilesOnly() {
        refused("name: x\nextends: nothing", 2, 10, "'nothing' is none of the built-in profiles hermetic, host-tools");
        refused("extends: ./p.yaml", 1, 10, "is none of the built-in profiles");
    }
}
