/** Garbage collection: an exact mark from roots and leases, and a sweep that no writer can be surprised by. */
package dev.velo.cas.collect;
