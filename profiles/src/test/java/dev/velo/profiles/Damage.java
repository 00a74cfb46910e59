package dev.velo.profiles;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Changes good profiles: first as trees, so that the syntax stays right, then as text, then as bytes. Each is skipped most of the time. */
final class Damage {
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
        return random.nextInt(6) == 0 ? leaf() : new YamlTree.Text(any(Fragments.KEYS));
    }

    private YamlTree leaf() {
        return random.nextInt(3) == 0
                ? new YamlTree.Raw(any(Fragments.SOURCES))
                : new YamlTree.Text(any(Fragments.VALUES));
    }

    private YamlTree nested(YamlTree value) {
        YamlTree inner = value;
        for (int i = 1 + random.nextInt(random.nextInt(4) == 0 ? 12 : 2); i > 0; i--) {
            inner = random.nextBoolean()
                    ? new YamlTree.Sequence(new ArrayList<>(List.of(inner)))
                    : new YamlTree.Mapping().put(any(Fragments.KEYS), inner);
        }
        return inner;
    }

    /** Some part of it many times. */
    private String longer(String text) {
        String whole = text.isEmpty() ? any(Fragments.VALUES) + "*" : text;
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
            case 5 -> before + any(Fragments.PIECES).repeat(random.nextInt(8) == 0 ? many() : 1) + part + after;
            case 6 -> before + any(Fragments.PIECES) + after;
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
