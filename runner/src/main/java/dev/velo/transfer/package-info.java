/** Manifests and what they need, between stores: over the network or by an archive. What comes from outside is proven before it is kept. */
package dev.velo.transfer;
