package dev.velo.cas.model;

import dev.velo.cas.posix.ChangeTime;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.Timestamp;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** The clock of a file system and the change times it has given, both at the mercy of a seed: it ticks late, leaps and goes back. */
final class Clockwork {
    private static final long BEGIN = 1_000_000_000L;
    private static final long SECOND = 1_000_000_000L;
    private static final long TICK = 1_000_000L;

    private final Random random;
    private final double disorder;
    private final Map<Long, Long> changed = new HashMap<>();
    private long nanos = BEGIN * SECOND;

    /** @param disorder how likely a call finds the clock set anew */
    Clockwork(Random random, double disorder) {
        this.random = random;
        this.disorder = disorder;
    }

    /** Between two calls; often no time passes, since such clocks tick slowly. */
    void pass() {
        if (random.nextInt(3) == 0) {
            nanos += TICK;
        }
        if (disorder > 0 && random.nextDouble() < disorder) {
            nanos += (random.nextInt(41) - 20) * SECOND;
        }
    }

    void leap(long seconds) {
        nanos += seconds * SECOND;
    }

    void change(long inode) {
        changed.put(inode, nanos);
    }

    FileStatus told(FileStatus real) {
        long at = changed.getOrDefault(real.inode(), BEGIN * SECOND - 3600 * SECOND);
        return ChangeTime.of(real, new Timestamp(at / SECOND, (int) (at % SECOND)));
    }
}
