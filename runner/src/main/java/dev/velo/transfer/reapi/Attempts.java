package dev.velo.transfer.reapi;

import dev.velo.transfer.TransferException;
import io.grpc.Status;
import java.time.Duration;

/** Tries again while a server is unavailable, with growing pauses and within bounds. Every call of a transfer may be repeated. */
final class Attempts {
    private static final int IN_A_ROW = 5;
    private static final int IN_ALL = 100;
    private static final long FIRST_PAUSE = 200;

    private final Faults faults;
    private final Duration timeout;
    private int inARow;
    private int inAll;
    private long since = System.nanoTime();

    Attempts(Faults faults, Duration timeout) {
        this.faults = faults;
        this.timeout = timeout;
    }

    /** Something moved: the next failure is a first one again. */
    void progressed() {
        inARow = 0;
        since = System.nanoTime();
    }

    /** Returns when it is time to try again. */
    void failed(Status status) throws TransferException {
        if (status.getCode() != Status.Code.UNAVAILABLE
                || Faults.isUntrusted(status)
                || ++inARow >= IN_A_ROW
                || ++inAll >= IN_ALL
                || System.nanoTime() - since >= timeout.toNanos()) {
            throw faults.of(status);
        }
        try {
            Thread.sleep(FIRST_PAUSE << (inARow - 1));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw faults.interrupted();
        }
    }
}
