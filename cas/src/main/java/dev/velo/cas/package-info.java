/** Content decides identity: digests, names and paths as raw bytes, and the error that every border of the module throws. */
package dev.velo.cas;
