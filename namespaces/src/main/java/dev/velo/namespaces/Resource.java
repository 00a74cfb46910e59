package dev.velo.namespaces;

/** What a plan can limit. */
public enum Resource {
    /** Processes and threads of the payload at one time. */
    PROCESSES(1),
    /** Bytes of the root's upper layer, which then lies in memory. */
    DISK(2);

    private final int code;

    Resource(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
