package dev.velo.transfer.reapi;

import io.grpc.Status;
import java.io.IOException;

/** A stream broke because the server, or the way there, went away for a while; another try may succeed. */
final class Unavailable extends IOException {
    private static final long serialVersionUID = 1;

    private final transient Status status;

    Unavailable(Status status) {
        super(status.toString());
        this.status = status;
    }

    Status status() {
        return status;
    }
}
