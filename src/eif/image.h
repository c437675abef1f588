/*
 * image: the enclave image file (EIF), the container that a Nitro Enclave boots.
 *
 * A 548-byte header with a table of sections, then the sections without padding: kernel, kernel
 * command line, ramdisks, and beside them metadata and an optional signature, which are not
 * measured. Reading is strict: the two tables, the section headers and the file must agree to the
 * byte, so that every reader of the file (the platform seeks, others walk) sees the same image. A
 * refusal's detail is the file offset of what was refused.
 *
 * Specification: aws-nitro-enclaves-image-format, versions 2 to 4 (version 4 is written).
 */
#ifndef EIF_IMAGE_H
#define EIF_IMAGE_H

#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    IMAGE_HEADER_SIZE = 548,
    IMAGE_SECTION_HEADER_SIZE = 12,
    IMAGE_SECTION_COUNT_MIN = 2,
    IMAGE_SECTION_COUNT_MAX = 32,
    IMAGE_VERSION_MIN = 2, /* the platform dropped 0 and 1 */
    IMAGE_VERSION = 4,
    IMAGE_SIGNATURE_SIZE_MAX = 32768,
};

enum image_section_type {
    IMAGE_KERNEL = 1,
    IMAGE_COMMAND_LINE,
    IMAGE_RAMDISK,
    IMAGE_SIGNATURE, /* since version 3 */
    IMAGE_METADATA,  /* since version 4, which requires it */
};

enum image_architecture { IMAGE_X86_64 = 0, IMAGE_AARCH64 = 1 };

struct image_section {
    enum image_section_type type;
    size_t offset; /* of its header in the file; reading sets it, writing ignores it */
    slice data;
};

/* An image as values; the data are views of the file that was read. */
struct image {
    unsigned version;
    enum image_architecture architecture;
    uint64_t default_memory_size; /* bytes; a hint that nothing on the platform uses */
    uint64_t default_cpu_count;   /* likewise */
    size_t section_count;
    struct image_section sections[IMAGE_SECTION_COUNT_MAX];
    uint32_t crc; /* over everything but itself; reading compares it, writing computes it */
};

/*
 * Reads a whole file. BAD_INPUT with the offset in detail when the header, the tables, a section or
 * their order is wrong, CORRUPT when only the checksum is.
 */
MUST_CHECK status image_read(slice file, struct image *image);

/* How many bytes image_write appends. */
size_t image_size(const struct image *image);

/*
 * Appends the file. Sections stand in the order given, which must satisfy what image_read asks for;
 * BAD_INPUT otherwise, OVER_LIMIT when the builder is too small.
 */
MUST_CHECK status image_write(const struct image *image, struct builder *builder);

/* The first section of this type, or NULL. */
const struct image_section *image_find(const struct image *image, enum image_section_type type);

/* The section's name as people know it: "kernel", "cmdline", "ramdisk", "signature", "metadata". */
const char *image_section_name(enum image_section_type type);

#endif
