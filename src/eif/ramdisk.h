/*
 * ramdisk: a file tree as a cpio archive that the kernel unpacks, the same bytes for the same tree.
 *
 * Format "newc" without checksums: entries in byte order of their paths, numbered from 1, owned by
 * root, time 0, padded to four bytes each and to 512 at the end. The order puts a folder before
 * what it holds, which the kernel needs.
 *
 * Specification: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 */
#ifndef EIF_RAMDISK_H
#define EIF_RAMDISK_H

#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    RAMDISK_PATH_SIZE_MAX = 255,
    RAMDISK_ENTRY_COUNT_MAX = 1024,
};

enum ramdisk_type {
    RAMDISK_FILE = 0100000,
    RAMDISK_FOLDER = 0040000,
    RAMDISK_CHARACTER_DEVICE = 0020000,
};

struct ramdisk_entry {
    slice path; /* relative, "etc/enclave-wallet/ca.pem" */
    enum ramdisk_type type;
    unsigned permissions;                /* 0 to 07777 */
    slice data;                          /* of a file */
    unsigned device_major, device_minor; /* of a device */
};

/* How many bytes ramdisk_write appends. */
size_t ramdisk_size(const struct ramdisk_entry *entries, size_t entry_count);

/*
 * Appends the archive. Entries must be sorted by path.
 *
 * BAD_INPUT for a path that is empty, absolute, not sorted, there twice, or has an empty, "." or
 * ".." part; for data that does not belong to a file; for file data above 4 GiB.
 */
MUST_CHECK status ramdisk_write(const struct ramdisk_entry *entries, size_t entry_count,
                                struct builder *builder);

#endif
