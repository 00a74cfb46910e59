/** The manifest: a tree as a value, its canonical bytes, and what can be done with trees (merge, compare). */
package dev.velo.cas.manifest;
