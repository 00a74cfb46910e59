/** Files that not even their owner may change: the immutable flag on manifests and what they need. */
package dev.velo.cas.protect;
