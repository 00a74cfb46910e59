/** The resident process of a user and a store: docs/formats/client-protocol.md. */
package dev.velo.daemon;
