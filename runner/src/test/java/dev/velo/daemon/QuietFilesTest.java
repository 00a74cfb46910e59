package dev.velo.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class QuietFilesTest {
    private static final long QUIET = QuietFiles.QUIET_NANOS;

    private final QuietFiles files = new QuietFiles(4);

    private List<Integer> taken(long now) {
        List<Integer> taken = new ArrayList<>();
        for (OptionalInt next = files.take(now); next.isPresent(); next = files.take(now)) {
            taken.add(next.getAsInt());
        }
        return taken;
    }

    @Test
    void whatIsQuietIsTakenInItsOrder() {
        assertThat(files.nextAt()).isEqualTo(Long.MAX_VALUE);
        files.written(7, 10);
        files.written(-3, 20);
        assertThat(files.nextAt()).isEqualTo(10 + QUIET);
        assertThat(taken(9 + QUIET)).isEmpty();
        assertThat(taken(19 + QUIET)).containsExactly(7);
        assertThat(taken(20 + QUIET)).containsExactly(-3);
        assertThat(files.nextAt()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void whatIsWrittenAgainWaitsAgainAndIsTakenOnce() {
        files.written(1, 0);
        files.written(2, 5);
        files.written(1, QUIET - 1);
        assertThat(taken(QUIET + 5)).containsExactly(2);
        assertThat(taken(2 * QUIET)).containsExactly(1);
    }

    @Test
    void whatHasBeenTakenWaitsLongerEachTime() {
        long now = 0;
        long patience = QUIET;
        for (int i = 0; i < 20; i++) {
            files.written(1, now);
            assertThat(files.nextAt() - now).isEqualTo(patience);
            now = files.nextAt();
            assertThat(taken(now)).containsExactly(1);
            patience = Math.min(2 * patience, 256 * QUIET);
        }
        files.written(2, now);
        assertThat(files.nextAt() - now).isEqualTo(QUIET);
    }

    @Test
    void whatIsTooMuchIsNotTakenDown() {
        for (int node = 0; node < 10; node++) {
            files.written(node, node);
        }
        // One that waits already may be written again.
        files.written(0, 20);
        assertThat(taken(QUIET + 100)).containsExactly(1, 2, 3, 0);
        files.written(9, 1000);
        assertThat(taken(QUIET + 1000)).containsExactly(9);
    }

    /** What is kept of those that were taken is bounded, too: the one that was taken longest ago is forgotten. */
    @Test
    void whatWasTakenLongAgoIsForgotten() {
        for (int node = 0; node < 6; node++) {
            files.written(node, 0);
            taken(QUIET);
        }
        files.written(0, 0);
        assertThat(files.nextAt()).isEqualTo(QUIET);
        files.written(5, -QUIET);
        assertThat(taken(QUIET)).containsExactly(0, 5);
        files.written(5, 0);
        assertThat(files.nextAt()).isEqualTo(4 * QUIET);
    }
}
