package dev.velo.daemon;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeSet;

/**
 * Files that were written to, until each has been left alone for a while: longer each time, so that one that is written all the time is not read
 * all the time. Times are those of System.nanoTime. Safe for use by many threads.
 */
final class QuietFiles {
    static final long QUIET_NANOS = 200_000_000L;

    /** After so many times it is twice as long no more: 51 s. */
    private static final int MOST_DOUBLINGS = 8;

    private record Waiting(long at, int node) implements Comparable<Waiting> {
        @Override
        public int compareTo(Waiting other) {
            int byTime = Long.signum(at - other.at);
            return byTime != 0 ? byTime : Integer.compare(node, other.node);
        }
    }

    private final int most;
    private final TreeSet<Waiting> order = new TreeSet<>();
    private final Map<Integer, Waiting> waiting = new HashMap<>();
    private final Map<Integer, Integer> taken = new LinkedHashMap<>(16, 0.75f, true);

    /** @param most files that wait; what is more is not taken down */
    QuietFiles(int most) {
        this.most = most;
    }

    synchronized void written(int node, long now) {
        Waiting before = waiting.remove(node);
        if (before != null) {
            order.remove(before);
        } else if (waiting.size() >= most) {
            return;
        }
        Waiting next = new Waiting(now + (QUIET_NANOS << taken.getOrDefault(node, 0)), node);
        waiting.put(node, next);
        order.add(next);
    }

    /** When the next one has been quiet for long enough; Long.MAX_VALUE for none. */
    synchronized long nextAt() {
        return order.isEmpty() ? Long.MAX_VALUE : order.first().at();
    }

    /** One that has been quiet for long enough. */
    synchronized OptionalInt take(long now) {
        if (order.isEmpty() || order.first().at() - now > 0) {
            return OptionalInt.empty();
        }
        int node = order.pollFirst().node();
        waiting.remove(node);
        taken.merge(node, 1, (before, one) -> Math.min(MOST_DOUBLINGS, before + one));
        if (taken.size() > most) {
            var eldest = taken.keySet().iterator();
            eldest.next();
            eldest.remove();
        }
        return OptionalInt.of(node);
    }
}
