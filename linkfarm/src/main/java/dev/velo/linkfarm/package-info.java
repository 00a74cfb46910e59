/** A manifest turned into a directory of hard links into the store, and the farms that are ready to mount. */
package dev.velo.linkfarm;
