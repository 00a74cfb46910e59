package dev.velo.transfer;

import dev.velo.cas.VeloException;

/** A transfer that failed because of the other side, the way there, or an archive. Nothing wrong has been kept. */
public final class TransferException extends VeloException {
    public TransferException(String problem, String remedy) {
        super(problem, remedy);
    }

    public TransferException(String problem, String remedy, Throwable cause) {
        super(problem, remedy, cause);
    }
}
