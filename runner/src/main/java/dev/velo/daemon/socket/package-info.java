/** Unix sockets, and what the kernel tells of directories. jnr types stay inside this package, and only the resident process loads it. */
package dev.velo.daemon.socket;
