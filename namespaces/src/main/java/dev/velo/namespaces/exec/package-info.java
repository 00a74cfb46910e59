/** The way from a JVM into the launcher. jnr types stay inside this package. */
package dev.velo.namespaces.exec;
