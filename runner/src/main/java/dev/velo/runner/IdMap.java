package dev.velo.runner;

import dev.velo.cas.store.IdRange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The ids that there are in a user namespace (user_namespaces(7)). */
final class IdMap {
    private record Part(long first, long count) {}

    private static final long ALL = 0xffffffffL;

    private final List<Part> parts;

    private IdMap(List<Part> parts) {
        this.parts = parts;
    }

    static IdMap of(Path file) throws IOException {
        return of(Files.readString(file, StandardCharsets.US_ASCII));
    }

    static IdMap of(String text) {
        return new IdMap(text.lines()
                .map(line -> line.trim().split("\\s+"))
                .filter(fields -> fields.length == 3)
                .map(fields -> new Part(Long.parseLong(fields[0]), Long.parseLong(fields[2])))
                .toList());
    }

    /** The host's own namespace has all ids, and so may one that is as good. */
    boolean isWhole() {
        return parts.size() == 1 && parts.get(0).first() == 0 && parts.get(0).count() == ALL;
    }

    /** In one part: what lies in two is not worth the trouble. */
    boolean has(IdRange range) {
        return parts.stream()
                .anyMatch(part -> range.first() >= part.first() && range.last() < part.first() + part.count());
    }
}
