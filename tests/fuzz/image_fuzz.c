/*
 * image: an enclave image that is accepted is written back byte for byte.
 */
#include <assert.h>

#include "eif/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static uint8_t memory[1 << 20];
    struct image image;
    struct builder builder;
    if (!status_is_ok(image_read(slice_of(bytes, size), &image))) return 0;
    if (image_size(&image) > sizeof memory) return 0;
    builder_init(&builder, memory, sizeof memory);
    /* Readers accept layouts that the writer does not make; what it makes has the same sections. */
    const status written = image_write(&image, &builder);
    struct image again;
    if (!status_is_ok(written)) return 0;
    const status read = image_read(builder_view(&builder), &again);
    assert(status_is_ok(read) && again.section_count == image.section_count);
    return 0;
}
