#include "eif/ramdisk.h"

enum { HEADER_SIZE = 110, ENTRY_ALIGNMENT = 4, ARCHIVE_ALIGNMENT = 512 };

static const slice TRAILER = SLICE_LITERAL("TRAILER!!!");

static size_t align(size_t size, size_t alignment)
{
    return (size + alignment - 1) / alignment * alignment;
}

static size_t entry_size(slice path, size_t data_size)
{
    /* The path is stored with a terminating zero. */
    return align(HEADER_SIZE + path.size + 1, ENTRY_ALIGNMENT) + align(data_size, ENTRY_ALIGNMENT);
}

size_t ramdisk_size(const struct ramdisk_entry *entries, size_t entry_count)
{
    size_t size = entry_size(TRAILER, 0);
    for (size_t i = 0; i < entry_count; i++) {
        size += entry_size(entries[i].path, entries[i].data.size);
    }
    return align(size, ARCHIVE_ALIGNMENT);
}

static bool is_plain_part(slice part)
{
    return part.size > 0 && !slice_equal(part, slice_text(".")) &&
           !slice_equal(part, slice_text(".."));
}

static status check_path(slice path)
{
    REQUIRE(path.size > 0 && path.size <= RAMDISK_PATH_SIZE_MAX, BAD_INPUT,
            "ramdisk: path must have 1 to 255 bytes");
    REQUIRE(slice_index_of(path, 0) == path.size, BAD_INPUT, "ramdisk: path has a zero byte");
    slice rest = path;
    for (;;) {
        const size_t part_size = slice_index_of(rest, '/');
        REQUIRE(is_plain_part(slice_part(rest, 0, part_size)), BAD_INPUT,
                "ramdisk: path must be relative, without empty, . or .. parts");
        if (part_size == rest.size) return status_ok();
        rest = slice_part(rest, part_size + 1, rest.size);
    }
}

static status check_entries(const struct ramdisk_entry *entries, size_t entry_count)
{
    REQUIRE(entry_count <= RAMDISK_ENTRY_COUNT_MAX, OVER_LIMIT, "ramdisk: has too many entries");
    for (size_t i = 0; i < entry_count; i++) {
        TRY(check_path(entries[i].path));
        REQUIRE(i == 0 || slice_compare(entries[i - 1].path, entries[i].path) < 0, BAD_INPUT,
                "ramdisk: paths must be sorted, none twice");
        REQUIRE(entries[i].permissions <= 07777, BAD_INPUT,
                "ramdisk: permissions are out of range");
        REQUIRE(entries[i].type == RAMDISK_FILE || entries[i].data.size == 0, BAD_INPUT,
                "ramdisk: only a file has data");
        REQUIRE(entries[i].data.size <= UINT32_MAX, BAD_INPUT,
                "ramdisk: a file is larger than the format allows");
    }
    return status_ok();
}

/* A field is eight hex digits. */
static void put_field(struct builder *builder, size_t value)
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned shift = 32; shift > 0; shift -= 4) {
        builder_put_u8(builder, (uint8_t)digits[value >> (shift - 4) & 15u]);
    }
}

static void put_padding(struct builder *builder, size_t start, size_t alignment)
{
    const size_t size = builder->size - start;
    builder_put_zeros(builder, align(size, alignment) - size);
}

static void put_entry(struct builder *builder, size_t start, size_t number,
                      const struct ramdisk_entry *entry)
{
    const bool is_folder = entry->type == RAMDISK_FOLDER;
    const size_t fields[] = {
        number,
        (size_t)entry->type | entry->permissions,
        0, /* owner */
        0, /* group */
        is_folder ? 2 : 1,
        0, /* time */
        entry->data.size,
        0, /* device that holds the file, major and minor */
        0,
        entry->device_major,
        entry->device_minor,
        entry->path.size + 1,
        0, /* checksum: none in this variant */
    };
    builder_put_text(builder, "070701");
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) put_field(builder, fields[i]);
    builder_put(builder, entry->path);
    builder_put_u8(builder, 0);
    put_padding(builder, start, ENTRY_ALIGNMENT);
    builder_put(builder, entry->data);
    put_padding(builder, start, ENTRY_ALIGNMENT);
}

status ramdisk_write(const struct ramdisk_entry *entries, size_t entry_count,
                     struct builder *builder)
{
    TRY(check_entries(entries, entry_count));
    const size_t start = builder->size;
    for (size_t i = 0; i < entry_count; i++) put_entry(builder, start, i + 1, &entries[i]);
    /* The kernel takes inode 0 and one link for the end. */
    const struct ramdisk_entry trailer = {.path = TRAILER};
    put_entry(builder, start, 0, &trailer);
    put_padding(builder, start, ARCHIVE_ALIGNMENT);
    slice written;
    return builder_finish(builder, &written);
}
