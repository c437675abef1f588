#include "base/base64.h"

#include "runner.h"

static const char OUTSIDE[] = "base64: has a character outside the alphabet";
static const char NOT_FOUR[] = "base64: length is not a multiple of four";
static const char PADDING[] = "base64: padding bits are not zero";
static const char INSIDE[] = "base64: ends inside a byte";

/* RFC 4648, section 10, and each rule broken alone. */
static const struct {
    const char *name, *text, *bytes, *refusal;
} rows[] = {
    {"empty", "", "", NULL},
    {"f", "Zg==", "66", NULL},
    {"fo", "Zm8=", "666f", NULL},
    {"foo", "Zm9v", "666f6f", NULL},
    {"foob", "Zm9vYg==", "666f6f62", NULL},
    {"fooba", "Zm9vYmE=", "666f6f6261", NULL},
    {"foobar", "Zm9vYmFy", "666f6f626172", NULL},
    {"62 and 63", "+/+/", "fbffbf", NULL},
    {"padding missing", "Zg", NULL, NOT_FOUR},
    {"padding too short", "Zg=", NULL, NOT_FOUR},
    {"padding too long", "Zm9v====", NULL, OUTSIDE},
    {"three padding characters", "Z===", NULL, OUTSIDE},
    {"padding inside", "Zg==Zg==", NULL, OUTSIDE},
    {"padding before the end", "Z=g=", NULL, OUTSIDE},
    {"padding bits of one byte", "Zh==", NULL, PADDING},
    {"the highest of them", "Zo==", NULL, PADDING},
    {"padding bits of two bytes", "Zm9=", NULL, PADDING},
    {"line break", "Zm9v\n", NULL, NOT_FOUR},
    {"line break for a digit", "Zm9\n", NULL, OUTSIDE},
    {"other alphabet", "-_-_", NULL, OUTSIDE},
    {"@, below A", "@m9v", NULL, OUTSIDE},
    {"[, above Z", "[m9v", NULL, OUTSIDE},
    {"`, below a", "`m9v", NULL, OUTSIDE},
    {"{, above z", "{m9v", NULL, OUTSIDE},
    {":, above 9", ":m9v", NULL, OUTSIDE},
    {"., below 0", ".m9v", NULL, OUTSIDE},
    {"high bit", "\xda\x6d\x39\x76", NULL, OUTSIDE},
};

static void standard_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t memory[16], text[16];
        struct builder builder, again;
        runner_row(rows[i].name);
        builder_init(&builder, memory, sizeof memory);
        const status got = base64_put_decoded(&builder, slice_text(rows[i].text));
        if (!expect_outcome("decode", got, rows[i].refusal) || rows[i].refusal) continue;
        expect_hex("bytes", builder_view(&builder), rows[i].bytes);
        builder_init(&again, text, sizeof text);
        base64_put(&again, builder_view(&builder));
        expect_text("encoded", builder_view(&again), rows[i].text);
    }
}

static const struct {
    const char *name, *text, *bytes, *refusal;
} url_rows[] = {
    {"empty", "", "", NULL},
    {"one byte", "Zg", "66", NULL},
    {"two bytes", "Zm8", "666f", NULL},
    {"three bytes", "Zm9v", "666f6f", NULL},
    {"62 and 63", "-_-_", "fbffbf", NULL},
    {"ends inside a byte", "Zm9vY", NULL, INSIDE},
    {"padding", "Zg==", NULL, OUTSIDE},
    {"padding bits", "Zh", NULL, PADDING},
    {"other alphabet", "+/+/", NULL, OUTSIDE},
};

static void url_alphabet(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(url_rows); i++) {
        uint8_t memory[16], text[16];
        struct builder builder, again;
        runner_row(url_rows[i].name);
        builder_init(&builder, memory, sizeof memory);
        const status got = base64_put_decoded_url(&builder, slice_text(url_rows[i].text));
        if (!expect_outcome("decode", got, url_rows[i].refusal) || url_rows[i].refusal) continue;
        expect_hex("bytes", builder_view(&builder), url_rows[i].bytes);
        builder_init(&again, text, sizeof text);
        base64_put_url(&again, builder_view(&builder));
        expect_text("encoded", builder_view(&again), url_rows[i].text);
    }
}

static void every_size_round_trips(void)
{
    for (size_t size = 0; size < 200; size++) {
        uint8_t bytes[200], text[300], back[200];
        struct builder encoded, decoded;
        runner_row_at("size", size);
        runner_random(bytes, size);
        builder_init(&encoded, text, sizeof text);
        base64_put(&encoded, slice_of(bytes, size));
        builder_init(&decoded, back, sizeof back);
        expect_ok("standard", base64_put_decoded(&decoded, builder_view(&encoded)));
        expect_bytes("standard", builder_view(&decoded), slice_of(bytes, size));
        builder_init(&encoded, text, sizeof text);
        base64_put_url(&encoded, slice_of(bytes, size));
        builder_init(&decoded, back, sizeof back);
        expect_ok("URL", base64_put_decoded_url(&decoded, builder_view(&encoded)));
        expect_bytes("URL", builder_view(&decoded), slice_of(bytes, size));
    }
}

static void room(void)
{
    uint8_t memory[8];
    struct builder builder;
    slice written;
    builder_init(&builder, memory, 2);
    const status got = base64_put_decoded(&builder, slice_text("Zm9v"));
    expect_refused("decode", got, "base64: text is too long");
    expect_kind("decode", got, FAILURE_OVER_LIMIT);
    builder_init(&builder, memory, sizeof memory);
    builder_put_u8(&builder, 7);
    expect_refused("bad digit", base64_put_decoded(&builder, slice_text("AAAA!AAA")),
                   "base64: has a character outside the alphabet");
    expect_refused("padding bits", base64_put_decoded(&builder, slice_text("AB==")),
                   "base64: padding bits are not zero");
    expect_hex("untouched", builder_view(&builder), "07");
    builder_init(&builder, memory, 3);
    base64_put(&builder, slice_text("f"));
    expect_refused("encode", builder_finish(&builder, &written), "builder: result does not fit");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"standard rows", standard_rows},
        {"URL alphabet", url_alphabet},
        {"every size round trips", every_size_round_trips},
        {"room", room},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
