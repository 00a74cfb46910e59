/** The preload library of Mode B and the environment that loads it; see docs/architecture.md for its state. */
package dev.velo.shim;
