package dev.velo.cas.posix;

/**
 * A file time.
 *
 * @param seconds since the epoch, negative before it
 * @param nanos 0 to 999,999,999
 */
public record Timestamp(long seconds, int nanos) implements Comparable<Timestamp> {
    public Timestamp {
        if (nanos < 0 || nanos > 999_999_999) {
            throw new IllegalArgumentException("nanos out of range: " + nanos);
        }
    }

    @Override
    public int compareTo(Timestamp other) {
        int bySeconds = Long.compare(seconds, other.seconds);
        return bySeconds != 0 ? bySeconds : Integer.compare(nanos, other.nanos);
    }

    /** This time moved back by a number of whole seconds. */
    public Timestamp minusSeconds(long count) {
        return new Timestamp(seconds - count, nanos);
    }

    /** By hand: what the compiler gives a record is linked when it is first called, which takes milliseconds. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Timestamp time && time.seconds == seconds && time.nanos == nanos;
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(seconds) + nanos;
    }
}
