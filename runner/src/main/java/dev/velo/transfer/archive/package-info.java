/** Transfers through a directory or a tar file, for machines without a network between them. Format: docs/formats/archive.md. */
package dev.velo.transfer.archive;
