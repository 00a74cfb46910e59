package dev.velo.profiles;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 4096}, {@code 64K}, {@code 512M}, {@code 2G}, powers of 1024. */
public final class Sizes {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,15})([KMGT]?)(i?B)?");

    private Sizes() {}

    /** @throws IllegalArgumentException where the text is no size, or more than 2^62 bytes */
    public static long parse(String text) {
        Matcher matcher = FORM.matcher(text.trim());
        if (!matcher.matches()) {
            throw new IllegalArgumentException("'" + text + "' is not a size like 512M or 2G");
        }
        int shift = "KMGT".indexOf(matcher.group(2)) * 10 + 10;
        shift = matcher.group(2).isEmpty() ? 0 : shift;
        long number = Long.parseLong(matcher.group(1));
        if (number > (Long.MAX_VALUE >> 1) >> shift) {
            throw new IllegalArgumentException("'" + text + "' is too large");
        }
        return number << shift;
    }
}
