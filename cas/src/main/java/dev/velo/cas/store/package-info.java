/** The store on disk: layout, blobs, staging, leases, roots, and the rules by which writers and the collector agree. */
package dev.velo.cas.store;
