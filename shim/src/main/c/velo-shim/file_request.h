#ifndef VELO_FILE_REQUEST_H
#define VELO_FILE_REQUEST_H

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ioctl.h>

/* Requests of ioctl(2) to file systems have these letters. */
#define FILE_REQUEST_LETTERS                                                                                 \
    { 'f', 'v', 'X', 0x94, 0xf5 }

static inline bool is_file_request(unsigned request) {
    static const uint8_t letters[] = FILE_REQUEST_LETTERS;
    bool is = false;
    for (unsigned i = 0; i < sizeof letters; i++) {
        is = is || _IOC_TYPE(request) == letters[i];
    }
    return is;
}

/*
 * The request acts on the inode behind a descriptor, or tells what such a request would change: who is told
 * flags means to set them on a copy (libarchive), and those of a blob may be the store's protection. What
 * only tells something else does not act; nor do the clones, whose first descriptor must be open for writing,
 * which that of a blob never is.
 */
static inline bool file_request_acts(unsigned request) {
    if (!is_file_request(request)) {
        return false;
    }
    switch (request) {
    case FS_IOC_GETVERSION:
    case FS_IOC32_GETVERSION:
    case FS_IOC_GETFSLABEL:
    case FS_IOC_FIEMAP:
    case _IOR('f', 3, long): /* the generation, as ext4 has it */
    case FICLONE:
    case FICLONERANGE:
    case FIDEDUPERANGE:
        return false;
    default:
        return true;
    }
}

#endif
