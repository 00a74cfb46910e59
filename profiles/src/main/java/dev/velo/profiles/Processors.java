package dev.velo.profiles;

import java.math.BigDecimal;

/** Numbers of processors as people write them, like {@code 2} or {@code 0.25}. */
public final class Processors {
    private static final int MOST = 1_000_000;

    private Processors() {}

    /**
     * In thousandths of a processor.
     *
     * @throws IllegalArgumentException where the text is no number of processors that can be enforced
     */
    public static long parse(String text) {
        if (!text.matches("[0-9]{1,7}(\\.[0-9]{1,3})?")) {
            throw new IllegalArgumentException(
                    "'" + text + "' is not a number of processors such as 2 or 0.25, with at most three decimals");
        }
        long thousandths = new BigDecimal(text).movePointRight(3).longValueExact();
        // A period of the kernel is 100 ms and the least share of one is 1 ms: a hundredth of a processor.
        if (thousandths < 10 || thousandths > MOST * 1000L) {
            throw new IllegalArgumentException("'" + text + "' is not a number of processors from 0.01 to " + MOST);
        }
        return thousandths;
    }
}
