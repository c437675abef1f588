#include "eif/image.h"

#include "base/crc32.h"

/* Offsets of the header's fields, as aws-nitro-enclaves-image-format packs them. */
enum {
    RESERVED_OFFSET = 24,
    COUNT_OFFSET = 26,
    OFFSETS_OFFSET = 28,
    SIZES_OFFSET = 284,
    UNUSED_OFFSET = 540,
    CRC_OFFSET = 544,
};

static const slice MAGIC = SLICE_LITERAL(".eif");

/* The header's tables as read, before the sections are looked at. */
struct tables {
    uint64_t offsets[IMAGE_SECTION_COUNT_MAX];
    uint64_t sizes[IMAGE_SECTION_COUNT_MAX];
};

static status take_start(slice *header, struct image *image)
{
    slice magic;
    uint16_t version, flags, reserved, count;
    TRY(slice_take(header, MAGIC.size, &magic));
    REQUIRE(slice_equal(magic, MAGIC), BAD_INPUT, "image: does not begin with .eif");
    TRY(slice_take_u16(header, &version));
    if (version < IMAGE_VERSION_MIN || version > IMAGE_VERSION) {
        FAIL(BAD_INPUT, 4, "image: version is not 2, 3 or 4");
    }
    TRY(slice_take_u16(header, &flags));
    if (flags > IMAGE_AARCH64) FAIL(BAD_INPUT, 6, "image: has flags that are not known");
    TRY(slice_take_u64(header, &image->default_memory_size));
    TRY(slice_take_u64(header, &image->default_cpu_count));
    TRY(slice_take_u16(header, &reserved));
    if (reserved != 0) FAIL(BAD_INPUT, RESERVED_OFFSET, "image: reserved field is not zero");
    TRY(slice_take_u16(header, &count));
    if (count < IMAGE_SECTION_COUNT_MIN || count > IMAGE_SECTION_COUNT_MAX) {
        FAIL(BAD_INPUT, COUNT_OFFSET, "image: number of sections is not 2 to 32");
    }
    image->version = version;
    image->architecture = (enum image_architecture)flags;
    image->section_count = count;
    return status_ok();
}

/* Takes one table of 32 numbers, of which those past `count` must be zero. */
static status take_table(slice *header, size_t count, size_t offset, uint64_t *numbers)
{
    for (size_t i = 0; i < IMAGE_SECTION_COUNT_MAX; i++) {
        TRY(slice_take_u64(header, &numbers[i]));
        if (i >= count && numbers[i] != 0) {
            FAIL(BAD_INPUT, (int64_t)(offset + 8 * i), "image: unused table entry is not zero");
        }
    }
    return status_ok();
}

static status take_header(slice header, struct image *image, struct tables *tables)
{
    uint32_t unused;
    TRY(take_start(&header, image));
    TRY(take_table(&header, image->section_count, OFFSETS_OFFSET, tables->offsets));
    TRY(take_table(&header, image->section_count, SIZES_OFFSET, tables->sizes));
    TRY(slice_take_u32(&header, &unused));
    if (unused != 0) FAIL(BAD_INPUT, UNUSED_OFFSET, "image: unused field is not zero");
    return slice_take_u32(&header, &image->crc);
}

/* What a section's type allows, by the versions that know it. */
static status check_type(unsigned version, unsigned type, size_t offset)
{
    if (type < IMAGE_KERNEL || type > IMAGE_METADATA) {
        FAIL(BAD_INPUT, (int64_t)offset, "image: section type is not known");
    }
    if ((type == IMAGE_SIGNATURE && version < 3) || (type == IMAGE_METADATA && version < 4)) {
        FAIL(BAD_INPUT, (int64_t)offset, "image: section type is newer than the version");
    }
    return status_ok();
}

/* Takes the section at `*offset`, which must be where and as long as the tables say. */
static status take_section(slice file, const struct tables *tables, size_t index, size_t *offset,
                           struct image *image)
{
    const size_t start = *offset;
    slice rest = slice_part(file, start, file.size);
    uint16_t type, flags;
    uint64_t size;
    if (tables->offsets[index] != start) {
        FAIL(BAD_INPUT, (int64_t)(OFFSETS_OFFSET + 8 * index),
             "image: sections do not follow each other");
    }
    if (rest.size < IMAGE_SECTION_HEADER_SIZE) {
        FAIL(BAD_INPUT, (int64_t)start, "image: ends inside a section header");
    }
    TRY(slice_take_u16(&rest, &type));
    TRY(check_type(image->version, type, start));
    TRY(slice_take_u16(&rest, &flags));
    if (flags != 0) {
        FAIL(BAD_INPUT, (int64_t)start + 2, "image: section flags are not zero");
    }
    TRY(slice_take_u64(&rest, &size));
    if (size != tables->sizes[index]) {
        FAIL(BAD_INPUT, (int64_t)start + 4, "image: section size differs from the table");
    }
    if (size > rest.size) {
        FAIL(BAD_INPUT, (int64_t)start + 4, "image: section runs past the end of the file");
    }
    image->sections[index] = (struct image_section){(enum image_section_type)type, start,
                                                    slice_part(rest, 0, (size_t)size)};
    *offset = start + IMAGE_SECTION_HEADER_SIZE + (size_t)size;
    return status_ok();
}

/* How often each type occurs, and whether a ramdisk stands before the kernel. */
struct census {
    size_t counts[IMAGE_METADATA + 1];
    size_t offsets[IMAGE_METADATA + 1]; /* of the last one */
    bool has_early_ramdisk;
};

static struct census count_sections(const struct image *image)
{
    struct census census = {0};
    for (size_t i = 0; i < image->section_count; i++) {
        const struct image_section *section = &image->sections[i];
        if (section->type == IMAGE_RAMDISK && census.counts[IMAGE_KERNEL] == 0) {
            census.has_early_ramdisk = true;
        }
        census.counts[section->type]++;
        census.offsets[section->type] = section->offset;
    }
    return census;
}

/* What has been read is of a known version and kinds; what is to be written must be shown to be. */
static status check_kinds(const struct image *image)
{
    const bool is_known = image->version >= IMAGE_VERSION_MIN && image->version <= IMAGE_VERSION;
    REQUIRE(is_known, BAD_INPUT, "image: version is not 2, 3 or 4");
    REQUIRE(image->architecture <= IMAGE_AARCH64, BAD_INPUT, "image: architecture is not known");
    for (size_t i = 0; i < image->section_count; i++) {
        TRY(check_type(image->version, image->sections[i].type, 0));
    }
    return status_ok();
}

static status check_sections(const struct image *image)
{
    const struct census census = count_sections(image);
    const struct image_section *signature = image_find(image, IMAGE_SIGNATURE);
    if (census.counts[IMAGE_KERNEL] != 1) {
        FAIL(BAD_INPUT, (int64_t)census.offsets[IMAGE_KERNEL],
             "image: must have exactly one kernel");
    }
    if (census.counts[IMAGE_COMMAND_LINE] != 1) {
        FAIL(BAD_INPUT, (int64_t)census.offsets[IMAGE_COMMAND_LINE],
             "image: must have exactly one command line");
    }
    if (census.has_early_ramdisk) {
        FAIL(BAD_INPUT, IMAGE_HEADER_SIZE, "image: a ramdisk stands before the kernel");
    }
    if (census.counts[IMAGE_SIGNATURE] > 1) {
        FAIL(BAD_INPUT, (int64_t)census.offsets[IMAGE_SIGNATURE],
             "image: has more than one signature");
    }
    if (census.counts[IMAGE_METADATA] != (image->version >= 4 ? 1u : 0u)) {
        FAIL(BAD_INPUT, (int64_t)census.offsets[IMAGE_METADATA],
             "image: must have exactly one metadata section");
    }
    if (signature && signature->data.size > IMAGE_SIGNATURE_SIZE_MAX) {
        FAIL(BAD_INPUT, (int64_t)signature->offset, "image: signature is too long");
    }
    return status_ok();
}

/* The checksum covers the header without its own four bytes, then all that follows. */
static uint32_t checksum(slice file)
{
    const uint32_t header = crc32_add(0, slice_part(file, 0, CRC_OFFSET));
    return crc32_add(header, slice_part(file, IMAGE_HEADER_SIZE, file.size));
}

status image_read(slice file, struct image *image)
{
    struct image found = {0};
    struct tables tables;
    size_t offset = IMAGE_HEADER_SIZE;
    if (file.size < IMAGE_HEADER_SIZE) {
        FAIL(BAD_INPUT, (int64_t)file.size, "image: ends inside the header");
    }
    TRY(take_header(slice_part(file, 0, IMAGE_HEADER_SIZE), &found, &tables));
    for (size_t i = 0; i < found.section_count; i++) {
        TRY(take_section(file, &tables, i, &offset, &found));
    }
    if (offset != file.size) {
        FAIL(BAD_INPUT, (int64_t)offset, "image: bytes follow the last section");
    }
    TRY(check_sections(&found));
    if (checksum(file) != found.crc) {
        FAIL(CORRUPT, CRC_OFFSET, "image: checksum does not match");
    }
    *image = found;
    return status_ok();
}

size_t image_size(const struct image *image)
{
    size_t size = IMAGE_HEADER_SIZE;
    for (size_t i = 0; i < image->section_count; i++) {
        size += IMAGE_SECTION_HEADER_SIZE + image->sections[i].data.size;
    }
    return size;
}

static void put_header(const struct image *image, struct builder *builder)
{
    builder_put(builder, MAGIC);
    builder_put_u16(builder, (uint16_t)image->version);
    builder_put_u16(builder, (uint16_t)image->architecture);
    builder_put_u64(builder, image->default_memory_size);
    builder_put_u64(builder, image->default_cpu_count);
    builder_put_u16(builder, 0);
    builder_put_u16(builder, (uint16_t)image->section_count);
    uint64_t offset = IMAGE_HEADER_SIZE;
    for (size_t i = 0; i < image->section_count; i++) {
        builder_put_u64(builder, offset);
        offset += IMAGE_SECTION_HEADER_SIZE + image->sections[i].data.size;
    }
    builder_put_zeros(builder, 8 * (IMAGE_SECTION_COUNT_MAX - image->section_count));
    for (size_t i = 0; i < image->section_count; i++) {
        builder_put_u64(builder, image->sections[i].data.size);
    }
    builder_put_zeros(builder, 8 * (IMAGE_SECTION_COUNT_MAX - image->section_count));
    builder_put_u32(builder, 0);
}

status image_write(const struct image *image, struct builder *builder)
{
    REQUIRE(image->section_count >= IMAGE_SECTION_COUNT_MIN &&
                image->section_count <= IMAGE_SECTION_COUNT_MAX,
            BAD_INPUT, "image: number of sections is not 2 to 32");
    TRY(check_kinds(image));
    TRY(check_sections(image));
    const size_t start = builder_mark(builder);
    put_header(image, builder);
    uint8_t *crc = builder_space(builder, sizeof(uint32_t));
    for (size_t i = 0; i < image->section_count; i++) {
        builder_put_u16(builder, (uint16_t)image->sections[i].type);
        builder_put_u16(builder, 0);
        builder_put_u64(builder, image->sections[i].data.size);
        builder_put(builder, image->sections[i].data);
    }
    slice written;
    TRY(builder_finish(builder, &written));
    struct builder crc_builder;
    builder_init(&crc_builder, crc, sizeof(uint32_t));
    builder_put_u32(&crc_builder, checksum(slice_part(written, start, written.size)));
    return status_ok();
}

const struct image_section *image_find(const struct image *image, enum image_section_type type)
{
    for (size_t i = 0; i < image->section_count; i++) {
        if (image->sections[i].type == type) return &image->sections[i];
    }
    return NULL;
}

const char *image_section_name(enum image_section_type type)
{
    switch (type) {
    case IMAGE_KERNEL: return "kernel";
    case IMAGE_COMMAND_LINE: return "cmdline";
    case IMAGE_RAMDISK: return "ramdisk";
    case IMAGE_SIGNATURE: return "signature";
    case IMAGE_METADATA: return "metadata";
    }
    return "unknown";
}
