package dev.velo.linkfarm;

/**
 * How many farms a store keeps, and how much of the disk they may take for themselves.
 *
 * @param count at least 1
 * @param bytes as {@link FarmStatus#bytes} counts
 */
public record FarmBudget(long count, long bytes) {
    /**
     * A hard-link farm of 50,000 files takes some 20 MB, so the count is what bounds those: 64 of them are a gigabyte, 64 more links to each inode
     * that all share, and one millisecond to look through. The size is there for copies, which take what their files take.
     */
    public static final FarmBudget DEFAULT = new FarmBudget(64, 4L << 30);

    public FarmBudget {
        if (count < 1 || bytes < 0) {
            throw new IllegalArgumentException(count + " farms of " + bytes + " bytes");
        }
    }
}
