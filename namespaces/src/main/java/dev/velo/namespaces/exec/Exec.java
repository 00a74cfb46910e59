package dev.velo.namespaces.exec;

import jnr.ffi.Pointer;
import jnr.ffi.annotations.In;
import jnr.ffi.annotations.Variadic;

/**
 * The functions that replace this process. Not jnr-posix's own execve: given an environment without variables it crashes the JVM.
 */
public interface Exec {
    @Variadic(fixedCount = 2)
    int open(@In byte[] path, int flags, int mode);

    int dup2(int from, int to);

    int execve(@In byte[] path, @In Pointer arguments, @In Pointer environment);
}
