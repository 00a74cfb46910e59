package dev.velo.profiles;

/** A profile that cannot be used. Names the file, the line and the column where there are some. */
public final class ProfileException extends Exception {
    public ProfileException(String problem, String remedy) {
        super(problem + "; " + remedy);
    }
}
