package dev.velo.transfer;

import dev.velo.cas.VeloException;
import java.io.IOException;

/** Carries what a user is to be told through the streams of the JDK and of the compressor, which know only IOException. */
public final class FaultInStream extends IOException {
    private static final long serialVersionUID = 1;

    public FaultInStream(VeloException fault) {
        super(fault);
    }

    public VeloException fault() {
        return (VeloException) getCause();
    }
}
