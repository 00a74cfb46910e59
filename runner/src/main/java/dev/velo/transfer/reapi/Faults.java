package dev.velo.transfer.reapi;

import dev.velo.transfer.TransferException;
import io.grpc.Status;
import java.time.Duration;
import javax.net.ssl.SSLException;

/** What a user is told of a server that fails. */
final class Faults {
    private static final int TEXT_LIMIT = 200;

    private final GrpcAddress address;
    private final Duration timeout;

    Faults(GrpcAddress address, Duration timeout) {
        this.address = address;
        this.timeout = timeout;
    }

    /** The server, or the way there, ended a call. */
    TransferException of(Status status) {
        String said = said(status);
        if (isUntrusted(status)) {
            return fault(
                    "there is no secure connection to it" + said,
                    "name the certificates to trust with --ca FILE, or check that the server speaks TLS there",
                    status);
        }
        return switch (status.getCode()) {
            case UNAVAILABLE ->
                fault(
                        "it cannot be reached" + said,
                        "look at the address, the network and the server, and try again",
                        status);
            case DEADLINE_EXCEEDED -> stalled();
            case UNAUTHENTICATED, PERMISSION_DENIED ->
                fault("it refuses" + said, "give what it wants with --header K=V", status);
            case UNIMPLEMENTED ->
                fault(
                        "it is no Remote Execution cache" + said,
                        "name a server that speaks version 2 of the Remote Execution API",
                        status);
            default ->
                fault("it answered " + status.getCode() + said, "look at the server's log, and try again", status);
        };
    }

    /** Nothing moved for as long as the user allows. */
    TransferException stalled() {
        return fault(
                "nothing has moved for " + timeout.toMillis() / 1000.0 + " s",
                "look at the network and the server, or allow more with --timeout",
                null);
    }

    /** The server breaks the protocol. */
    TransferException broken(String what) {
        return fault(what, "do not trust this server before its log explains that; nothing of it was kept", null);
    }

    TransferException interrupted() {
        return fault("it was interrupted", "start it again", null);
    }

    private TransferException fault(String reason, String remedy, Status status) {
        return new TransferException(
                "cannot exchange blobs with " + address.text() + ": " + reason,
                remedy,
                status == null ? null : status.asException());
    }

    /** The server's own words, which may be anything: what a terminal would act on is taken out. */
    private static String said(Status status) {
        String text = status.getDescription() == null ? "" : status.getDescription();
        Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause != null && cause.getMessage() != null) {
            // The library's own description then only says that there was a cause.
            text = cause.getMessage();
        }
        if (text.isBlank()) {
            return "";
        }
        String plain = text.replaceAll("[\\p{Cntrl}\\p{Cf}\\s]+", " ").strip();
        return " (" + (plain.length() > TEXT_LIMIT ? plain.substring(0, TEXT_LIMIT) + "..." : plain) + ")";
    }

    /** True where no further try can help: the two sides do not agree on a secure connection. */
    static boolean isUntrusted(Status status) {
        for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof SSLException) {
                return true;
            }
        }
        return false;
    }
}
