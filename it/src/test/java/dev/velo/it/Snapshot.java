package dev.velo.it;

import java.nio.file.Path;

/** What can be seen of a tree, as text: equal text, equal tree. Made by find(1) and sha256sum(1), which share no code with Velo. */
final class Snapshot {
    private Snapshot() {}

    /** Names, types, modes, modification times to the nanosecond, sizes, link targets and contents. */
    static String of(Workspace work, Path tree) {
        return work.sh(tree, """
                find . \\( -type d -printf '%P %y %m %T@\\0' \\) -o -printf '%P %y %m %T@ %s %l\\0' | LC_ALL=C sort -z | tr '\\0' '\\n'
                find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum --
                """).out();
    }

    /** The same of some directories below a root, with inode, owner and link count: nothing at all may change, but when a farm was last used. */
    static String ofInodes(Workspace work, Path root, String... names) {
        return work.sh(root, """
                find "$@" \\( -regex 'farms/[^/]*/complete' -printf '%p %y %m %i %n %U:%G\\0' \\) -o -printf '%p %y %m %T@ %i %n %U:%G %l\\0' | LC_ALL=C sort -z | tr '\\0' '\\n'
                find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum --
                """, (Object[]) names).out();
    }

    /** Every file and directory of a store but the locks and leases that come and go. */
    static String ofStore(Workspace work, Path store) {
        return work.sh(store, """
                find . -path ./leases -prune -o -type f -printf '%p %m %s %n\\n' | LC_ALL=C sort
                """).out();
    }
}
