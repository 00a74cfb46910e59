package dev.velo.runner;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.function.BooleanSupplier;

/**
 * The streams of a caller.
 *
 * @param out not buffered, and not one that keeps its failures to itself
 * @param errIsTerminal a line there may be written over
 * @param outIsPipe asked when it takes no more: who has closed a pipe knows that not all was printed
 */
public record CallerStreams(
        InputStream in, OutputStream out, PrintStream err, boolean errIsTerminal, BooleanSupplier outIsPipe) {}
