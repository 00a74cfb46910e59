/**
 * The system calls that the store needs, relative to directory descriptors and with raw bytes for names. {@code java.nio.file.Path}
 * cannot carry a name that is not valid in the JVM's encoding, and cannot say "below this descriptor, following no symlink"; both
 * matter here. jnr types stay inside this package.
 */
package dev.velo.cas.posix;
