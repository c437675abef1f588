#include "base/hex.h"

#include "runner.h"

static const struct {
    const char *name, *text, *bytes, *refusal;
} rows[] = {
    {"empty", "", "", NULL},
    {"both cases", "00ffAbcDeF", "00ffabcdef", NULL},
    {"odd number of digits", "123", NULL, "hex: has an odd number of digits"},
    {"slash, just below 0", "/0", NULL, "hex: has a character that is not a hex digit"},
    {"colon, just above 9", "0:", NULL, "hex: has a character that is not a hex digit"},
    {"at sign, just below A", "@0", NULL, "hex: has a character that is not a hex digit"},
    {"G, just above F", "0G", NULL, "hex: has a character that is not a hex digit"},
    {"backquote, just below a", "`0", NULL, "hex: has a character that is not a hex digit"},
    {"g, just above f", "g0", NULL, "hex: has a character that is not a hex digit"},
    {"blank", " 0", NULL, "hex: has a character that is not a hex digit"},
    {"high bit", "\xb0\x30", NULL, "hex: has a character that is not a hex digit"},
};

static void read_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        uint8_t bytes[16];
        const slice text = slice_text(rows[i].text);
        const status got = hex_read(text, bytes, text.size / 2);
        if (expect_outcome("hex_read", got, rows[i].refusal) && !rows[i].refusal) {
            expect_hex("bytes", slice_of(bytes, text.size / 2), rows[i].bytes);
        }
    }
}

static void wrong_size(void)
{
    uint8_t bytes[4];
    expect_refused("one byte short", hex_read(slice_text("0011"), bytes, 3),
                   "hex: has the wrong number of digits");
    expect_refused("no prefix", hex_read_0x(slice_text("0011"), bytes, 2),
                   "hex: must start with 0x");
    expect_refused("upper-case X", hex_read_0x(slice_text("0X0011"), bytes, 2),
                   "hex: must start with 0x");
    expect_ok("prefix", hex_read_0x(slice_text("0x0011"), bytes, 2));
}

static void every_byte_round_trips(void)
{
    uint8_t all[256], text[512], back[256];
    struct builder builder;
    slice written = {0};
    for (size_t i = 0; i < sizeof all; i++) all[i] = (uint8_t)i;
    builder_init(&builder, text, sizeof text);
    hex_put(&builder, slice_of(all, sizeof all));
    expect_ok("fits exactly", builder_finish(&builder, &written));
    expect_ok("read", hex_read(written, back, sizeof back));
    expect_bytes("same", slice_of(back, sizeof back), slice_of(all, sizeof all));
}

static void no_room(void)
{
    uint8_t text[4];
    struct builder builder;
    builder_init(&builder, text, 3);
    hex_put(&builder, slice_of("ab", 2));
    expect_true("one digit short", builder.is_over && builder.size == 0);
    /* Twice this size wraps around to 2: it must not be taken for that. */
    builder_init(&builder, text, sizeof text);
    hex_put(&builder, slice_of(text, SIZE_MAX / 2 + 2));
    expect_true("huge", builder.is_over && builder.size == 0);
}

static void decoded_text(void)
{
    uint8_t bytes[2];
    struct builder builder;
    builder_init(&builder, bytes, sizeof bytes);
    expect_ok("empty", hex_put_decoded_0x(&builder, slice_text("0x")));
    expect_ok("fills it", hex_put_decoded_0x(&builder, slice_text("0xbeef")));
    expect_hex("bytes", builder_view(&builder), "beef");
    expect_refused("one more", hex_put_decoded_0x(&builder, slice_text("0x00")),
                   "hex: text is too long");
    expect_refused("odd", hex_put_decoded_0x(&builder, slice_text("0x0")),
                   "hex: has an odd number of digits");
    builder_init(&builder, bytes, sizeof bytes);
    builder_put_u8(&builder, 7);
    expect_refused("bad digit", hex_put_decoded_0x(&builder, slice_text("0x0g")),
                   "hex: has a character that is not a hex digit");
    expect_refused("no room", hex_put_decoded_0x(&builder, slice_text("0x0000")),
                   "hex: text is too long");
    expect_hex("untouched", builder_view(&builder), "07");
    expect_ok("goes on", hex_put_decoded_0x(&builder, slice_text("0x08")));
    expect_hex("both", builder_view(&builder), "0708");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"read rows", read_rows},
        {"wrong size", wrong_size},
        {"every byte round trips", every_byte_round_trips},
        {"no room", no_room},
        {"decoded text", decoded_text},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
