package dev.velo.namespaces;

/** What a plan can limit. */
public enum Resource {
    /** Processes and threads of the payload at one time. */
    PROCESSES(1),
    /** Bytes of the root's upper layer, which then lies in memory. */
    DISK(2),
    /** Bytes of memory of all processes together. */
    MEMORY(3),
    /** Thousandths of a processor. */
    PROCESSORS(4),
    /** Bytes of standard output and standard error together. */
    OUTPUT(5),
    /** Bytes of each file that a process writes. */
    FILE_SIZE(6);

    private final int code;

    Resource(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
