package dev.velo.namespaces;

/** What network a payload has. */
public enum Network {
    /** A namespace of its own with nothing in it but the loopback interface, up. */
    NONE(0),
    /** The host's. */
    HOST(1);

    private final int code;

    Network(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
