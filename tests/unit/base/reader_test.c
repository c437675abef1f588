#include "base/reader.h"

#include "runner.h"

static void every_read(void)
{
    struct reader reader;
    uint8_t copy[2];
    reader_init(&reader, runner_hex("01 0203 04050607 08090a0b0c0d0e0f aabb cc dd"));
    expect_u64("u8", reader_u8(&reader), 1);
    expect_u64("u16", reader_u16(&reader), 0x0203);
    expect_u64("u32", reader_u32(&reader), 0x04050607);
    expect_u64("u64", reader_u64(&reader), 0x08090a0b0c0d0e0f);
    reader_copy(&reader, copy, sizeof copy);
    expect_hex("copy", slice_of(copy, sizeof copy), "aabb");
    expect_u64("left", reader_left_size(&reader), 2);
    expect_hex("slice", reader_slice(&reader, 1), "cc");
    expect_refused("bytes are left", reader_finish(&reader), "reader: bytes follow the end");
    expect_ok("nothing was missing", reader_check(&reader));
    expect_hex("rest", reader_rest(&reader), "dd");
    expect_hex("no rest", reader_rest(&reader), "");
    expect_ok("the end", reader_finish(&reader));
}

static void fixed_sizes(void)
{
    struct reader reader;
    uint8_t input[68];
    for (size_t i = 0; i < sizeof input; i++) input[i] = (uint8_t)i;
    reader_init(&reader, slice_of(input, sizeof input));
    const bytes16 sixteen = reader_bytes16(&reader);
    const bytes20 twenty = reader_bytes20(&reader);
    const bytes32 all = reader_bytes32(&reader);
    expect_bytes("16", bytes16_view(&sixteen), slice_of(input, 16));
    expect_bytes("20", bytes20_view(&twenty), slice_of(input + 16, 20));
    expect_bytes("32", bytes32_view(&all), slice_of(input + 36, 32));
    expect_ok("the end", reader_finish(&reader));
    bytes16 other16 = sixteen;
    bytes20 other20 = twenty;
    bytes32 other32 = all;
    expect_true("equal", bytes16_equal(sixteen, other16) && bytes20_equal(twenty, other20) &&
                             bytes32_equal(all, other32));
    other16.bytes[15] ^= 1;
    other20.bytes[19] ^= 1;
    other32.bytes[31] ^= 1;
    expect_true("unequal", !bytes16_equal(sixteen, other16) && !bytes20_equal(twenty, other20) &&
                               !bytes32_equal(all, other32));
}

/* What is not there reads as zeros, and so does all that follows, although some would be there. */
static void ending_early(void)
{
    static const char SHORT[] = "reader: input ends too early";
    struct reader reader;
    uint8_t copy[3] = {7, 7, 7};
    reader_init(&reader, runner_hex("ff ffff"));
    expect_u64("u8", reader_u8(&reader), 0xff);
    expect_u64("u32", reader_u32(&reader), 0);
    expect_u64("u8 of what was there", reader_u8(&reader), 0);
    expect_u64("u16", reader_u16(&reader), 0);
    expect_u64("u64", reader_u64(&reader), 0);
    expect_u64("slice", reader_slice(&reader, 1).size, 0);
    expect_u64("rest", reader_rest(&reader).size, 0);
    expect_u64("left", reader_left_size(&reader), 0);
    reader_copy(&reader, copy, sizeof copy);
    expect_hex("zeros", slice_of(copy, sizeof copy), "000000");
    const bytes32 all = reader_bytes32(&reader);
    expect_true("zeros", bytes32_equal(all, (bytes32){0}));
    expect_refused("check", reader_check(&reader), SHORT);
    expect_refused("finish", reader_finish(&reader), SHORT);
    expect_kind("finish", reader_finish(&reader), FAILURE_BAD_INPUT);
}

static void nothing_asked(void)
{
    struct reader reader;
    reader_init(&reader, (slice){0});
    expect_u64("no bytes", reader_slice(&reader, 0).size, 0);
    reader_copy(&reader, NULL, 0);
    expect_ok("the end", reader_finish(&reader));
    expect_u64("one", reader_u8(&reader), 0);
    expect_refused("finish", reader_finish(&reader), "reader: input ends too early");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"every read", every_read},
        {"fixed sizes", fixed_sizes},
        {"ending early", ending_early},
        {"nothing asked", nothing_asked},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
