package dev.velo.namespaces;

/**
 * Something else than the launcher's filter does by itself about a system call.
 *
 * @param name as the kernel's headers have it; the launcher knows the numbers
 * @param allowed else denied
 */
public record CallChange(String name, boolean allowed) {}
