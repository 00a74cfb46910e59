/** The use cases behind the command line. */
package dev.velo.runner;
