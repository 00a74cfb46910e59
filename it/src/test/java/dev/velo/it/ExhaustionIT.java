package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A payload that takes all it gets of something leaves some to the same user outside. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExhaustionIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private AttackProgram program;

    @BeforeAll
    void build() {
        program = AttackProgram.build(work);
    }

    /** How many a sandbox got and why no more, and the same of the user outside while it held them. */
    private List<String> takenInsideThenOutside(String what) {
        Path place = work.dir("taken");
        return work.sh(place, """
                        mkfifo hold; exec 3<>hold
                        "$velo" run --isolate --base "$1" --manifest "$2" -- /attacks $4 <hold >inside 2>errors & run=$!
                        for i in $(seq 600); do [ ! -s inside ] || break; sleep 0.05; done
                        "$3" $4 </dev/null >outside
                        exec 3>&-; wait "$run"
                        cat inside outside
                        """, work.base(), program.manifest(), program.file(), what)
                .out()
                .lines()
                .toList();
    }

    private static int count(String line) {
        return Integer.parseInt(line.split(" ")[0]);
    }

    @Test
    void inotify() {
        List<String> taken = takenInsideThenOutside("inotify");
        assertThat(taken.get(0)).endsWith("EMFILE");
        assertThat(count(taken.get(0))).isBetween(1, 64);
        Assumptions.assumeTrue(
                count(taken.get(0)) + count(taken.get(1)) > 64 || Host.isRoot(),
                "needs a host that allows more than 64 instances to a user");
        assertThat(count(taken.get(1))).as("instances left to the same user").isPositive();
    }

    @Test
    void descriptors() {
        List<String> taken = takenInsideThenOutside("descriptors few");
        assertThat(taken.get(0)).isEqualTo("4093 EMFILE");
        assertThat(count(taken.get(1))).as("left to the same user").isGreaterThan(4000);
    }
}
