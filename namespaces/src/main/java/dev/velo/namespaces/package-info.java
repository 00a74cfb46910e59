/** The launch vocabulary: what a sandbox consists of, as values, and the way into the native launcher. */
package dev.velo.namespaces;
