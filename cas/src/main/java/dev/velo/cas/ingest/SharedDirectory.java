package dev.velo.cas.ingest;

import dev.velo.cas.posix.Descriptor;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;

/** A directory descriptor that the walk and the workers on its files share; the last one to let go closes it. */
final class SharedDirectory {
    private final Descriptor descriptor;
    private final AtomicInteger users = new AtomicInteger(1);

    SharedDirectory(Descriptor descriptor) {
        this.descriptor = descriptor;
    }

    int number() {
        return descriptor.number();
    }

    SharedDirectory retain() {
        users.incrementAndGet();
        return this;
    }

    void release() {
        if (users.decrementAndGet() == 0) {
            try {
                descriptor.close();
            } catch (IOException e) {
                // A directory that was only read has nothing to lose.
                return;
            }
        }
    }
}
