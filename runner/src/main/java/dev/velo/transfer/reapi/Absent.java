package dev.velo.transfer.reapi;

import java.io.IOException;

/** The server does not have what was to be read. */
final class Absent extends IOException {
    private static final long serialVersionUID = 1;
}
