package dev.velo.namespaces;

import java.util.List;

/**
 * One mount on the payload's root, done before the payload starts. A closed set: docs/formats/launch-plan.md.
 *
 * @param target absolute, inside
 * @param sources absolute outside, or relative to the plan's base
 * @param file the target is a file, not a directory
 */
public record MountOp(
        Operation operation,
        String target,
        List<String> sources,
        boolean readOnly,
        boolean file,
        int mode,
        long size,
        long inodes) {

    /** What is mounted. */
    public enum Operation {
        PROC(1),
        DEV(2),
        TMPFS(3),
        BIND(4),
        OVERLAY_READ_ONLY(5);

        private final int code;

        Operation(int code) {
            this.code = code;
        }

        int code() {
            return code;
        }

        static Operation of(int code) {
            for (Operation operation : values()) {
                if (operation.code == code) {
                    return operation;
                }
            }
            throw new IllegalArgumentException("unknown mount operation " + code);
        }
    }

    public MountOp {
        sources = List.copyOf(sources);
        if (!target.startsWith("/")) {
            throw new IllegalArgumentException("mount target " + target + " is not absolute");
        }
    }

    /** A fresh procfs. */
    public static MountOp proc(String target) {
        return new MountOp(Operation.PROC, target, List.of(), false, false, 0, 0, 0);
    }

    /** A minimal /dev whose shm holds at most {@code shmSize} bytes. */
    public static MountOp dev(String target, long shmSize) {
        return new MountOp(Operation.DEV, target, List.of(), false, false, 0, shmSize, 65_536);
    }

    public static MountOp tmpfs(String target, int mode, long size, long inodes) {
        return new MountOp(Operation.TMPFS, target, List.of(), false, false, mode, size, inodes);
    }

    /** A host file or directory, with everything mounted below it. */
    public static MountOp bind(String source, String target, boolean readOnly, boolean file) {
        return new MountOp(Operation.BIND, target, List.of(source), readOnly, file, 0, 0, 0);
    }

    /** Directories stacked read-only, topmost first. */
    public static MountOp overlay(List<String> topmostFirst, String target) {
        return new MountOp(Operation.OVERLAY_READ_ONLY, target, topmostFirst, true, false, 0, 0, 0);
    }
}
