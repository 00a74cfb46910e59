package dev.velo.it;

import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.util.List;
import org.junit.jupiter.api.Tag;

/** The same program without a dynamic linker, so without the preload library: a supervisor answers it. */
@Tag("once")
class ShimPosixStaticIT extends ShimPosixIT {
    @Override
    String linking() {
        return "-static";
    }

    @Override
    List<String> differences() {
        return List.of("differences.list", "differences-static.list");
    }

    @Override
    void skip(String subject) {
        assumeFalse(subject.equals("walker"), "wordexp(3) of a static glibc crashes on a disk, too");
    }
}
