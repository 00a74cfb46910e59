/** The command line: parses, calls a use case, prints. Nothing else in Velo writes to a terminal. */
package dev.velo.cli;
