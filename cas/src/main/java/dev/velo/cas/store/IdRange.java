package dev.velo.cas.store;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Host ids that follow one another, each for a user and for the group of the same number.
 *
 * @param first above 0
 * @param count at least 1; the last id is below 2^31, above which some programs read ids as negative
 */
public record IdRange(int first, int count) {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,10}):([0-9]{1,10})");

    public IdRange {
        if (first < 1 || count < 1 || (long) first + count - 1 > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a range of ids lies between 1 and " + Integer.MAX_VALUE);
        }
    }

    /** @param text {@code FIRST:COUNT} */
    public static IdRange parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is no range of ids; write FIRST:COUNT");
        }
        long first = Long.parseLong(matcher.group(1));
        long count = Long.parseLong(matcher.group(2));
        if (first > Integer.MAX_VALUE || count > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("a range of ids lies between 1 and " + Integer.MAX_VALUE);
        }
        return new IdRange((int) first, (int) count);
    }

    public int last() {
        return first + (count - 1);
    }

    public boolean contains(int id) {
        return id >= first && id <= last();
    }

    /** Counted from 0. */
    int at(int index) {
        return first + index;
    }

    @Override
    public String toString() {
        return first + " to " + last();
    }
}
