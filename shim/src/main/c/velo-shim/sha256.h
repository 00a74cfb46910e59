#ifndef VELO_SHA256_H
#define VELO_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4) of a few bytes: the header of a manifest is all that is hashed here. */
void sha256(const void *bytes, size_t length, uint8_t digest[32]);

#endif
