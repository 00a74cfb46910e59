/**
 * Transfers with the content-addressed storage of a Remote Execution API v2 server. The only package that knows gRPC, protocol buffers
 * and zstd, whose libraries are on the class path of push and pull alone.
 */
package dev.velo.transfer.reapi;
