/** Unix sockets. jnr types stay inside this package, and only the resident process loads it. */
package dev.velo.daemon.socket;
