package dev.velo.profiles;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Changes good profiles: first as trees, so that the syntax stays right, then as text, then as bytes. Each is skipped most of the time. */
final class Damage {
    private static final List<String> KEYS = List.of(
            "name",
            "description",
            "extends",
            "identity",
            "uid",
            "gid",
            "hostname",
            "workdir",
            "environment",
            "set",
            "pass",
            "network",
            "tmp",
            "shm",
            "size",
            "mounts",
            "host",
            "at",
            "mode",
            "optional",
            "under",
            "limits",
            "syscalls",
            "<<",
            "",
            "=",
            "hostnam");

    private static final List<String> VALUES = List.of(
            "",
            "true",
            "false",
            "yes",
            "0",
            "-1",
            "00",
            "007",
            "0x10",
            "1e9",
            "999999999",
            "1000000000",
            "99999999999999999999",
            "caller",
            "none",
            "host",
            "ro",
            "rw",
            "/",
            "//",
            "/.",
            "/proc",
            "/./proc",
            "/proc/",
            "/proc*",
            "/p*c",
            "/*",
            "/d*v",
            "/dev/shm",
            "/dev/..",
            "/a/../b",
            "/..",
            "/a/*",
            "/*/b",
            "/a*b*c",
            "/usr",
            "/etc/java*",
            "..",
            ".",
            "x",
            "A=B",
            "=",
            "512M",
            "0K",
            "0",
            "4194304T",
            "4194305T",
            "9223372036854775807",
            "999999999999999",
            "1iB",
            "1 M",
            "\u0661M",
            "hermetic",
            "host-tools",
            "/\\E",
            "/\\E(",
            "/\\Q*",
            "/a\\E*",
            "/(",
            "/[*",
            "/\\",
            "a.b-c",
            "-a",
            "a-",
            "\0",
            "a\0b",
            "\u0007",
            "\u001b[31m",
            "\n",
            "\u0085",
            "\u009b31m",
            "\u2028",
            "\u202e",
            "\ud83d\ude00",
            "\ud83d",
            "\ude00/",
            "\ufeff",
            "\u00fc",
            "it's",
            "; rm",
            "%s",
            "{0}",
            "$1");

    /** What YAML reads as something of its own. */
    private static final List<String> SOURCES = List.of(
            "~",
            "null",
            "&a x",
            "*a",
            "&a {a: b}",
            "!!str x",
            "!!int 5",
            "!!binary aGk=",
            "!!java.net.URL [x]",
            "!local x",
            "!",
            "! x",
            "!<tag:yaml.org,2002:str> x",
            "!!set {a}",
            "!!omap []",
            "!!merge x",
            "<<",
            "=",
            "2001-01-01",
            ".inf",
            "1:1:1",
            "[]",
            "{}",
            "[a]",
            "{a: b}",
            "{a}",
            "{a: }",
            "{? a}",
            "[a: b]",
            "{[a]: b}",
            "\"\\",
            "\"\\q\"",
            "\"\\uD800\"",
            "\"\\uDC00/\"",
            "\"\\U00110000\"",
            "\"\\UFFFFFFFF\"",
            "\"\\x\"",
            "\"\\0\"",
            "'",
            "|",
            ">-",
            "|9",
            "|0",
            "@",
            "`",
            "%",
            "{",
            "[",
            "}",
            "]",
            ",",
            ":",
            "-",
            "?",
            "\t",
            "\"\\x9b1m\"",
            "\"\\u202e\"",
            "[[[[[[[[[x]]]]]]]]]",
            "{a: {a: {a: {a: {a: {a: {a: {a: {a: b}}}}}}}}}",
            "!!float 1",
            "!!null x");

    private static final List<String> PIECES = List.of(
            "{",
            "}",
            "[",
            "]",
            ", ",
            ": ",
            "- ",
            "? ",
            "&a ",
            "*a",
            "! ",
            "!!str ",
            "!x ",
            "<<: ",
            "\n---\n",
            "\n...\n",
            "%YAML 9.9\n",
            "%YAML 1.1\n---\n",
            "%TAG ! tag:x\n",
            "%x\n",
            "\t",
            "\r",
            "\n",
            "\r\n",
            " #",
            "|\n",
            ">-\n",
            "|9\n",
            "\"",
            "'",
            "\\",
            "\ufeff",
            "\0",
            "\u0007",
            "\u007f",
            "\u0085",
            "\u2028",
            "\ud83d\ude00",
            "*",
            "/",
            "/..",
            "\\E",
            "a: ",
            "\n ",
            "\n  - ",
            "=",
            "~",
            "1");

    private final Random random;

    Damage(Random random) {
        this.random = random;
    }

    /** One document. */
    byte[] document(YamlTree.Mapping tree) {
        for (int i = random.nextInt(3); i > 0; i--) {
            changeMapping(tree);
        }
        String text = tree.written(random);
        for (int i = Math.max(0, random.nextInt(8) - 5); i > 0; i--) {
            text = changed(text);
        }
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return random.nextInt(24) == 0 ? changed(bytes) : bytes;
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    private void changeMapping(YamlTree.Mapping map) {
        List<YamlTree.Entry> entries = map.entries();
        if (entries.isEmpty() || random.nextInt(16) == 0) {
            entries.add(random.nextInt(entries.size() + 1), new YamlTree.Entry(key(), leaf()));
            return;
        }
        int i = random.nextInt(entries.size());
        YamlTree.Entry entry = entries.get(i);
        switch (random.nextInt(24)) {
            case 0 -> entries.add(entry);
            case 1 -> entries.remove(i);
            case 2 -> entries.set(i, new YamlTree.Entry(key(), entry.value()));
            case 3 ->
                entries.set(i, new YamlTree.Entry(entry.key(), any(entries).value()));
            default -> entries.set(i, new YamlTree.Entry(entry.key(), changed(entry.value())));
        }
    }

    private YamlTree changed(YamlTree value) {
        if (value instanceof YamlTree.Mapping map && random.nextInt(8) != 0) {
            changeMapping(map);
            return map;
        }
        if (value instanceof YamlTree.Sequence list && random.nextInt(8) != 0) {
            changeSequence(list.items());
            return list;
        }
        return switch (random.nextInt(8)) {
            case 0 -> nested(value);
            case 1 -> value instanceof YamlTree.Text text ? new YamlTree.Text(longer(text.value())) : leaf();
            default -> leaf();
        };
    }

    private void changeSequence(List<YamlTree> items) {
        if (items.isEmpty() || random.nextInt(4) == 0) {
            items.add(random.nextInt(8) == 0 ? nested(leaf()) : leaf());
            return;
        }
        int i = random.nextInt(items.size());
        switch (random.nextInt(6)) {
            case 0 -> items.add(items.get(i));
            case 1 -> items.remove(i);
            case 2 -> Collections.shuffle(items, random);
            default -> items.set(i, changed(items.get(i)));
        }
    }

    private YamlTree key() {
        return random.nextInt(6) == 0 ? leaf() : new YamlTree.Text(any(KEYS));
    }

    private YamlTree leaf() {
        return random.nextInt(3) == 0 ? new YamlTree.Raw(any(SOURCES)) : new YamlTree.Text(any(VALUES));
    }

    private YamlTree nested(YamlTree value) {
        YamlTree inner = value;
        for (int i = 1 + random.nextInt(random.nextInt(4) == 0 ? 12 : 2); i > 0; i--) {
            inner = random.nextBoolean()
                    ? new YamlTree.Sequence(new ArrayList<>(List.of(inner)))
                    : new YamlTree.Mapping().put(any(KEYS), inner);
        }
        return inner;
    }

    /** Some part of it many times. */
    private String longer(String text) {
        String whole = text.isEmpty() ? any(VALUES) + "*" : text;
        int from = random.nextInt(whole.length());
        int to = Math.min(whole.length(), from + 1 + random.nextInt(4));
        return whole.substring(0, from) + whole.substring(from, to).repeat(many()) + whole.substring(to);
    }

    /** Mostly few; in one of some thousands more than a profile may have bytes. */
    private int many() {
        int most = random.nextInt(2000) == 0
                ? 1_100_000
                : random.nextInt(50) == 0 ? 20_000 : random.nextInt(4) == 0 ? 300 : 20;
        return 1 + random.nextInt(most);
    }

    private String changed(String text) {
        int from = random.nextInt(text.length() + 1);
        int to = Math.min(text.length(), from + random.nextInt(random.nextBoolean() ? 4 : 40));
        String before = text.substring(0, from);
        String part = text.substring(from, to);
        String after = text.substring(to);
        return switch (random.nextInt(8)) {
            case 0 -> before;
            case 1 -> before + after;
            case 2 -> before + part.repeat(many()) + after;
            case 3 -> after + part + before;
            case 4 -> before + part.toUpperCase() + after;
            case 5 -> before + any(PIECES).repeat(random.nextInt(8) == 0 ? many() : 1) + part + after;
            case 6 -> before + any(PIECES) + after;
            default -> before + Character.toString(random.nextInt(random.nextBoolean() ? 0x80 : 0xD800)) + part + after;
        };
    }

    private byte[] changed(byte[] bytes) {
        byte[] some = Arrays.copyOf(bytes, random.nextInt(4) == 0 ? random.nextInt(64) : bytes.length);
        for (int i = random.nextInt(8); i > 0 && some.length > 0; i--) {
            some[random.nextInt(some.length)] = (byte) random.nextInt();
        }
        if (random.nextInt(8) == 0) {
            random.nextBytes(some);
        }
        return some;
    }
}
