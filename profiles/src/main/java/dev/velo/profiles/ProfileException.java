package dev.velo.profiles;

/** A profile that cannot be used. Names the file, the line and the column where there are some. */
public final class ProfileException extends Exception {
    public ProfileException(String problem, String remedy) {
        super(problem + "; " + remedy);
    }

    /** @param cause what says all in its message: problem and remedy */
    public ProfileException(Exception cause) {
        super(cause.getMessage(), cause);
    }
}
