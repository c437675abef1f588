#include "eif/image.h"

#include <string.h>

#include "base/crc32.h"
#include "runner.h"

enum { FILE_SIZE_MAX = 65536 };

/* A small image with every kind of section, as image_write makes it. */
static slice sample(uint8_t *memory)
{
    static struct image image = {.version = 4,
                                 .architecture = IMAGE_X86_64,
                                 .default_memory_size = 1 << 30,
                                 .default_cpu_count = 2,
                                 .section_count = 6};
    static const struct image_section sections[] = {
        {IMAGE_KERNEL, 0, SLICE_LITERAL("kernel")},
        {IMAGE_COMMAND_LINE, 0, SLICE_LITERAL("console=ttyS0")},
        {IMAGE_METADATA, 0, SLICE_LITERAL("{}")},
        {IMAGE_RAMDISK, 0, SLICE_LITERAL("first")},
        {IMAGE_RAMDISK, 0, SLICE_LITERAL("second")},
        {IMAGE_SIGNATURE, 0, SLICE_LITERAL("signed")},
    };
    struct builder builder;
    slice written = {0};
    memcpy(image.sections, sections, sizeof sections);
    builder_init(&builder, memory, FILE_SIZE_MAX);
    expect_ok("write", image_write(&image, &builder));
    expect_ok("finish", builder_finish(&builder, &written));
    expect_u64("size", written.size, image_size(&image));
    return written;
}

/* Makes the checksum right again, so that only the rule under test is broken. */
static void seal(uint8_t *file, size_t size)
{
    const uint32_t head = crc32_add(0, slice_of(file, 544));
    const uint32_t crc = crc32_add(head, slice_of(file + 548, size - 548));
    for (int i = 0; i < 4; i++) file[544 + i] = (uint8_t)(crc >> (24 - 8 * i));
}

static void round_trip(void)
{
    uint8_t memory[FILE_SIZE_MAX], again[FILE_SIZE_MAX];
    const slice file = sample(memory);
    struct image image;
    struct builder builder;
    if (!expect_ok("read", image_read(file, &image))) return;
    expect_u64("sections", image.section_count, 6);
    expect_u64("kernel's place", image.sections[0].offset, 548);
    expect_text("command line", image_find(&image, IMAGE_COMMAND_LINE)->data, "console=ttyS0");
    builder_init(&builder, again, sizeof again);
    expect_ok("write again", image_write(&image, &builder));
    expect_bytes("the same file", builder_view(&builder), file);
    builder_init(&builder, again, file.size - 1);
    expect_kind("one byte too small", image_write(&image, &builder), FAILURE_OVER_LIMIT);
}

/* One byte of the sample changed, the checksum made right, and what must be said about it. */
static const struct {
    const char *name;
    size_t offset;
    uint8_t value;
    const char *refusal;
    size_t detail;
} header_rows[] = {
    {"magic", 0, 'E', "image: does not begin with .eif", 0},
    {"version 1", 5, 1, "image: version is not 2, 3 or 4", 4},
    {"version 5", 5, 5, "image: version is not 2, 3 or 4", 4},
    {"version 2 with metadata", 5, 2, "image: section type is newer than the version", 591},
    {"flag bit 1", 7, 2, "image: has flags that are not known", 6},
    {"reserved", 25, 1, "image: reserved field is not zero", 24},
    {"one section", 27, 1, "image: number of sections is not 2 to 32", 26},
    {"33 sections", 27, 33, "image: number of sections is not 2 to 32", 26},
    {"fewer sections than there are", 27, 5, "image: unused table entry is not zero", 68},
    {"more sections than there are", 27, 7, "image: sections do not follow each other", 76},
    {"offset of the second", 43, 1, "image: sections do not follow each other", 36},
    {"unused offset", 283, 1, "image: unused table entry is not zero", 276},
    {"size of the first", 291, 7, "image: section size differs from the table", 552},
    {"unused size", 539, 1, "image: unused table entry is not zero", 532},
    {"unused field", 540, 1, "image: unused field is not zero", 540},
    {"section type 0", 549, 0, "image: section type is not known", 548},
    {"section type 6", 549, 6, "image: section type is not known", 548},
    {"section flags", 551, 1, "image: section flags are not zero", 550},
    {"section size", 559, 7, "image: section size differs from the table", 552},
    {"no kernel", 549, 3, "image: must have exactly one kernel", 0},
    {"two kernels", 567, 1, "image: must have exactly one kernel", 566},
};

static void header_rules(void)
{
    uint8_t memory[FILE_SIZE_MAX];
    struct image image;
    for (size_t i = 0; i < ARRAY_COUNT(header_rows); i++) {
        runner_row(header_rows[i].name);
        const slice file = sample(memory);
        memory[header_rows[i].offset] = header_rows[i].value;
        seal(memory, file.size);
        const status got = image_read(file, &image);
        expect_refused("read", got, header_rows[i].refusal);
        expect_u64("offset", (uint64_t)got.detail, header_rows[i].detail);
    }
}

static void architecture(void)
{
    uint8_t memory[FILE_SIZE_MAX];
    struct image image;
    const slice file = sample(memory);
    memory[7] = 1;
    seal(memory, file.size);
    expect_ok("aarch64", image_read(file, &image));
    expect_u64("read as such", image.architecture, IMAGE_AARCH64);
}

/* Sections in an order or number that no loader takes. */
static const struct {
    const char *name;
    unsigned version;
    enum image_section_type types[6];
    size_t count;
    const char *refusal;
} order_rows[] = {
    {"least, version 4", 4, {IMAGE_KERNEL, IMAGE_COMMAND_LINE, IMAGE_METADATA}, 3, NULL},
    {"least, version 3", 3, {IMAGE_KERNEL, IMAGE_COMMAND_LINE}, 2, NULL},
    {"signed, version 3", 3, {IMAGE_KERNEL, IMAGE_COMMAND_LINE, IMAGE_SIGNATURE}, 3, NULL},
    {"no command line",
     3,
     {IMAGE_KERNEL, IMAGE_RAMDISK},
     2,
     "image: must have exactly one command line"},
    {"two command lines",
     3,
     {IMAGE_KERNEL, IMAGE_COMMAND_LINE, IMAGE_COMMAND_LINE},
     3,
     "image: must have exactly one command line"},
    {"ramdisk before the kernel",
     3,
     {IMAGE_RAMDISK, IMAGE_KERNEL, IMAGE_COMMAND_LINE},
     3,
     "image: a ramdisk stands before the kernel"},
    {"two signatures",
     3,
     {IMAGE_KERNEL, IMAGE_COMMAND_LINE, IMAGE_SIGNATURE, IMAGE_SIGNATURE},
     4,
     "image: has more than one signature"},
    {"version 4 without metadata",
     4,
     {IMAGE_KERNEL, IMAGE_COMMAND_LINE},
     2,
     "image: must have exactly one metadata section"},
    {"two metadata sections",
     4,
     {IMAGE_KERNEL, IMAGE_COMMAND_LINE, IMAGE_METADATA, IMAGE_METADATA},
     4,
     "image: must have exactly one metadata section"},
    {"version too old",
     1,
     {IMAGE_KERNEL, IMAGE_COMMAND_LINE},
     2,
     "image: version is not 2, 3 or 4"},
    {"version too new",
     5,
     {IMAGE_KERNEL, IMAGE_COMMAND_LINE, IMAGE_METADATA},
     3,
     "image: version is not 2, 3 or 4"},
    {"signature in version 2",
     2,
     {IMAGE_KERNEL, IMAGE_COMMAND_LINE, IMAGE_SIGNATURE},
     3,
     "image: section type is newer than the version"},
    {"no type", 3, {IMAGE_KERNEL, IMAGE_COMMAND_LINE, 0}, 3, "image: section type is not known"},
    {"type above the last",
     4,
     {IMAGE_KERNEL, IMAGE_COMMAND_LINE, IMAGE_METADATA + 1},
     3,
     "image: section type is not known"},
    {"too few", 3, {IMAGE_KERNEL}, 1, "image: number of sections is not 2 to 32"},
};

static void order_rules(void)
{
    uint8_t memory[4096];
    for (size_t i = 0; i < ARRAY_COUNT(order_rows); i++) {
        runner_row(order_rows[i].name);
        struct image image = {.version = order_rows[i].version,
                              .section_count = order_rows[i].count};
        struct builder builder;
        for (size_t k = 0; k < image.section_count; k++) {
            image.sections[k].type = order_rows[i].types[k];
        }
        builder_init(&builder, memory, sizeof memory);
        const status got = image_write(&image, &builder);
        if (expect_outcome("write", got, order_rows[i].refusal) && !order_rows[i].refusal) {
            expect_ok("read", image_read(builder_view(&builder), &image));
        }
    }
}

static void section_count_limit(void)
{
    uint8_t memory[4096];
    struct image image = {.version = 3, .section_count = IMAGE_SECTION_COUNT_MAX};
    struct builder builder;
    image.sections[0].type = IMAGE_KERNEL;
    image.sections[1].type = IMAGE_COMMAND_LINE;
    for (size_t i = 2; i < IMAGE_SECTION_COUNT_MAX; i++) image.sections[i].type = IMAGE_RAMDISK;
    builder_init(&builder, memory, sizeof memory);
    expect_ok("32 are written", image_write(&image, &builder));
    expect_ok("and read", image_read(builder_view(&builder), &image));
    image.section_count++;
    expect_refused("33", image_write(&image, &builder), "image: number of sections is not 2 to 32");
}

static void signature_limit(void)
{
    static uint8_t memory[FILE_SIZE_MAX], signature[IMAGE_SIGNATURE_SIZE_MAX + 1];
    struct image image = {.version = 3, .section_count = 3};
    struct builder builder;
    image.sections[0].type = IMAGE_KERNEL;
    image.sections[1].type = IMAGE_COMMAND_LINE;
    image.sections[2] =
        (struct image_section){IMAGE_SIGNATURE, 0, slice_of(signature, IMAGE_SIGNATURE_SIZE_MAX)};
    builder_init(&builder, memory, sizeof memory);
    expect_ok("at the limit", image_write(&image, &builder));
    image.sections[2].data.size++;
    builder_init(&builder, memory, sizeof memory);
    expect_refused("above it", image_write(&image, &builder), "image: signature is too long");
}

static void every_truncation(void)
{
    uint8_t memory[FILE_SIZE_MAX];
    const slice file = sample(memory);
    struct image image;
    for (size_t size = 0; size < file.size; size++) {
        runner_row_at("cut after", size);
        expect_kind("read", image_read(slice_part(file, 0, size), &image), FAILURE_BAD_INPUT);
    }
    runner_row(NULL);
    expect_refused("a byte more", image_read(slice_of(memory, file.size + 1), &image),
                   "image: bytes follow the last section");
}

static void every_flipped_bit(void)
{
    uint8_t memory[FILE_SIZE_MAX];
    const slice file = sample(memory);
    struct image image;
    for (size_t bit = 0; bit < 8 * file.size; bit++) {
        runner_row_at("bit", bit);
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_true("refused", !status_is_ok(image_read(file, &image)));
        memory[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

static void published_file(void)
{
    const char *path = runner_vectors("eif/tiny-synthetic.eif");
    if (!path) return;
    uint8_t again[FILE_SIZE_MAX];
    const slice file = runner_file(path);
    struct image image;
    struct builder builder;
    if (!expect_ok("read", image_read(file, &image))) return;
    expect_u64("checksum", image.crc, 0x7eda16a8);
    expect_u64("sections", image.section_count, 5);
    builder_init(&builder, again, sizeof again);
    expect_ok("write", image_write(&image, &builder));
    expect_bytes("the same file", builder_view(&builder), file);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"round trip", round_trip},
        {"header rules", header_rules},
        {"architecture", architecture},
        {"order rules", order_rules},
        {"section count limit", section_count_limit},
        {"signature limit", signature_limit},
        {"every truncation", every_truncation},
        {"every flipped bit", every_flipped_bit},
        {"published file", published_file},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
