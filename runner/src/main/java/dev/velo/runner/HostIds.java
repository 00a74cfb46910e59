package dev.velo.runner;

import dev.velo.cas.store.IdRange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Which ids this host has given away: to accounts and groups, and, in ranges, to accounts for their containers (subuid(5), subgid(5)). */
final class HostIds {
    /** What is lent to this account is there for tenants. */
    static final String ACCOUNT = "velo";

    /** A line of subuid or subgid; a count of 0 is none. */
    private record Lent(String account, long first, long count) {
        boolean meets(IdRange range) {
            return count > 0 && first <= range.last() && first + count - 1 >= range.first();
        }
    }

    private final Path etc;

    HostIds(Path etc) {
        this.etc = etc;
    }

    /** Who else has any of these ids. */
    Optional<String> holder(IdRange range) throws IOException {
        for (String file : List.of("passwd", "group")) {
            for (String[] fields : lines(file)) {
                if (fields.length > 2 && isNumber(fields[2]) && inside(range, Long.parseLong(fields[2]))) {
                    return Optional.of("/etc/" + file + " gives " + fields[2] + " to " + fields[0]);
                }
            }
        }
        for (String file : List.of("subuid", "subgid")) {
            for (Lent lent : lent(file)) {
                if (lent.meets(range) && !lent.account().equals(ACCOUNT)) {
                    return Optional.of("/etc/" + file + " lends " + lent.first() + " to "
                            + (lent.first() + lent.count() - 1) + " to " + lent.account());
                }
            }
        }
        return Optional.empty();
    }

    /** The largest range that is lent to one of these names both for users and for groups. */
    Optional<IdRange> lentTo(Set<String> names) throws IOException {
        Optional<IdRange> best = Optional.empty();
        for (Lent users : lent("subuid")) {
            for (Lent groups : lent("subgid")) {
                if (names.contains(users.account()) && names.contains(groups.account())) {
                    Optional<IdRange> common = common(users, groups);
                    if (common.isPresent()
                            && (best.isEmpty()
                                    || common.get().count() > best.get().count())) {
                        best = common;
                    }
                }
            }
        }
        return best;
    }

    private static Optional<IdRange> common(Lent users, Lent groups) {
        long first = Math.max(Math.max(users.first(), groups.first()), 1);
        long end = Math.min(
                Math.min(users.first() + users.count(), groups.first() + groups.count()), 1L + Integer.MAX_VALUE);
        return first < end ? Optional.of(new IdRange((int) first, (int) (end - first))) : Optional.empty();
    }

    /** The name of an account, and its number: both may stand in subuid. */
    Set<String> namesOf(int uid) throws IOException {
        for (String[] fields : lines("passwd")) {
            if (fields.length > 2 && fields[2].equals(Integer.toString(uid))) {
                return Set.of(fields[0], fields[2]);
            }
        }
        return Set.of();
    }

    private List<Lent> lent(String file) throws IOException {
        List<Lent> all = new ArrayList<>();
        for (String[] fields : lines(file)) {
            if (fields.length == 3 && isNumber(fields[1]) && isNumber(fields[2])) {
                all.add(new Lent(fields[0], Long.parseLong(fields[1]), Long.parseLong(fields[2])));
            }
        }
        return all;
    }

    private static boolean inside(IdRange range, long id) {
        return id >= range.first() && id <= range.last();
    }

    private static boolean isNumber(String text) {
        return text.matches("[0-9]{1,10}");
    }

    private List<String[]> lines(String file) throws IOException {
        List<String[]> lines = new ArrayList<>();
        try {
            // Names are in whatever encoding; all that counts are ASCII.
            for (String line : Files.readAllLines(etc.resolve(file), StandardCharsets.ISO_8859_1)) {
                lines.add(line.trim().split(":", -1));
            }
        } catch (NoSuchFileException e) {
            return List.of();
        }
        return lines;
    }
}
