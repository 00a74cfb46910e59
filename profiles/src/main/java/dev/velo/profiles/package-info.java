/** Policy as YAML: what a sandbox shows, sets and allows. */
package dev.velo.profiles;
