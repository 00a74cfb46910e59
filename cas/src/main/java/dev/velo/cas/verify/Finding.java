package dev.velo.cas.verify;

/**
 * Something wrong in a store.
 *
 * @param kind short and stable, for scripts: {@code corrupt-blob}, {@code missing-blob}, {@code wrong-mode}, {@code wrong-owner},
 *     {@code foreign-file}, {@code corrupt-manifest}, {@code missing-root}, {@code corrupt-farm}
 * @param object what is wrong: a digest or a path
 * @param detail one line for people
 * @param repaired true where it was put right
 */
public record Finding(String kind, String object, String detail, boolean repaired) {}
