/*
 * cbor: any bytes are skipped or refused; canonical values are written back as they were read.
 */
#include <assert.h>

#include "base/cbor.h"

/* A failed call leaves a reader in no particular place, so each attempt has its own. */
static struct cbor_reader reader_of(slice input)
{
    struct cbor_reader reader;
    cbor_reader_init(&reader, input, CBOR_CANONICAL);
    return reader;
}

static void check_written(slice input, const struct cbor_reader *reader, slice written)
{
    assert(slice_equal(written, slice_part(input, 0, input.size - reader->input.size)));
}

static void read_canonical(slice input)
{
    static uint8_t memory[65536];
    struct builder written;
    slice bytes;
    uint64_t number;
    struct cbor_reader reader = reader_of(input);
    builder_init(&written, memory, sizeof memory);
    if (status_is_ok(cbor_take_u64(&reader, UINT64_MAX, &number))) {
        cbor_put_u64(&written, number);
        check_written(input, &reader, builder_view(&written));
    }
    reader = reader_of(input);
    if (status_is_ok(cbor_take_bytes(&reader, 0, 60000, &bytes))) {
        cbor_put_bytes(&written, bytes);
        check_written(input, &reader, builder_view(&written));
    }
    reader = reader_of(input);
    if (status_is_ok(cbor_take_text(&reader, 0, 60000, &bytes))) {
        cbor_put_text(&written, bytes);
        check_written(input, &reader, builder_view(&written));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct cbor_reader strict, lenient;
    cbor_reader_init(&strict, slice_of(bytes, size), CBOR_CANONICAL);
    cbor_reader_init(&lenient, slice_of(bytes, size), CBOR_LONG_HEADS | CBOR_INDEFINITE);
    const status strictly = cbor_skip(&strict);
    const status leniently = cbor_skip(&lenient);
    /* What the strict reader takes, the lenient one takes as well, and as much of it. */
    if (status_is_ok(strictly)) {
        assert(status_is_ok(leniently) && strict.input.size == lenient.input.size);
    }
    read_canonical(slice_of(bytes, size));
    return 0;
}
