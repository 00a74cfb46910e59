/** From a directory to blobs and a tree: walk, hash, copy, publish. */
package dev.velo.cas.ingest;
