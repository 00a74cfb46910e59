/** Proof that a store still holds what it says. */
package dev.velo.cas.verify;
