package dev.velo.daemon;

/** The frames of the protocol, and how long a body each may have. */
enum FrameType {
    HELLO(1, 0, 1 << 20),
    REQUEST(2, 0, 8 << 20),
    ALIVE(16, 0, 0),
    OUT(17, 1, 1 << 16),
    ERR(18, 1, 1 << 16),
    EXIT(19, 4, 4),
    PLAN(20, 1, (16 << 20) + 20),
    DECLINE(21, 0, 4096),
    OTHER(22, 0, 4096);

    private final int number;
    private final int least;
    private final int most;

    FrameType(int number, int least, int most) {
        this.number = number;
        this.least = least;
        this.most = most;
    }

    int number() {
        return number;
    }

    int most() {
        return most;
    }

    boolean allows(int length) {
        return length >= least && length <= most;
    }
}
