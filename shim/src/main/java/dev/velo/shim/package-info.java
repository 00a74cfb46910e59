/** Mode B: what the preload library shows to a run, what loads it, and what it leaves. */
package dev.velo.shim;
