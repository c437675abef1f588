#include "eth/rlp.h"

#include <string.h>

#include "runner.h"

/* One row, one input. `refusal` is the sentence that a bad input must be refused with. */
static const struct {
    const char *name, *input;
    bool is_list;
    const char *payload, *rest, *refusal;
} items[] = {
    /* Ethereum wiki and ethereum/tests RLPTests/rlptest.json */
    {"empty string", "80", false, "", "", NULL},
    {"byte string 00", "00", false, "00", "", NULL},
    {"byte string 7f", "7f", false, "7f", "", NULL},
    {"byte string 80", "8180", false, "80", "", NULL},
    {"dog", "83646f67", false, "646f67", "", NULL},
    {"55 bytes",
     "b74c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e73656374657475722061646970697"
     "3"
     "6963696e6720656c69",
     false,
     "4c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e7365637465747572206164697069736"
     "963"
     "696e6720656c69",
     "", NULL},
    {"56 bytes",
     "b8384c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e736563746574757220616469706"
     "9"
     "736963696e6720656c6974",
     false,
     "4c6f72656d20697073756d20646f6c6f722073697420616d65742c20636f6e7365637465747572206164697069736"
     "963"
     "696e6720656c6974",
     "", NULL},
    {"integer 1024", "820400", false, "0400", "", NULL},
    {"empty list", "c0", true, "", "", NULL},
    {"list of strings", "cc83646f6783676f6483636174", true, "83646f6783676f6483636174", "", NULL},
    {"lists of lists", "c7c0c1c0c3c0c1c0", true, "c0c1c0c3c0c1c0", "", NULL},
    {"items that follow stay", "0102", false, "01", "02", NULL},
    /* ethereum/tests RLPTests/invalidRLPTest.json, and each rule alone */
    {"nothing", "", false, NULL, NULL, "rlp: an item is missing"},
    {"byte 00 written the long way", "8100", false, NULL, NULL,
     "rlp: single byte must stand for itself"},
    {"byte 7f written the long way", "817f", false, NULL, NULL,
     "rlp: single byte must stand for itself"},
    {"string past the end", "83aabb", false, NULL, NULL,
     "rlp: item runs past the end of the input"},
    {"list past the end", "c1", false, NULL, NULL, "rlp: item runs past the end of the input"},
    {"length past the end", "b9", false, NULL, NULL, "rlp: item runs past the end of the input"},
    {"list's length past the end", "f9", false, NULL, NULL,
     "rlp: item runs past the end of the input"},
    {"length with leading zero", "b90038", false, NULL, NULL, "rlp: length has a leading zero"},
    {"list's length with leading zero", "f90038", false, NULL, NULL,
     "rlp: length has a leading zero"},
    {"length of three bytes with leading zero", "ba000100", false, NULL, NULL,
     "rlp: length has a leading zero"},
    {"long string of 0 bytes", "b800", false, NULL, NULL, "rlp: length has a leading zero"},
    {"long string of 1 byte", "b80180", false, NULL, NULL,
     "rlp: long form where the short form would do"},
    {"long string of 55 bytes", "b837", false, NULL, NULL,
     "rlp: long form where the short form would do"},
    {"long list of 55 bytes", "f837", false, NULL, NULL,
     "rlp: long form where the short form would do"},
    {"long string past the end", "b838aabb", false, NULL, NULL,
     "rlp: item runs past the end of the input"},
    {"length that would overflow", "bfffffffffffffffff00", false, NULL, NULL,
     "rlp: item runs past the end of the input"},
    {"list's length that would overflow", "ffffffffffffffffff00", false, NULL, NULL,
     "rlp: item runs past the end of the input"},
};

static void item_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(items); i++) {
        runner_row(items[i].name);
        const slice all = runner_hex(items[i].input);
        slice input = all;
        struct rlp_item item = {0};
        const status got = rlp_take(&input, &item);
        if (!expect_outcome("take", got, items[i].refusal)) continue;
        if (items[i].refusal) {
            expect_true("nothing taken", input.bytes == all.bytes && input.size == all.size);
            expect_true("nothing delivered", !item.payload.bytes);
            continue;
        }
        expect_true("list", item.is_list == items[i].is_list);
        expect_hex("payload", item.payload, items[i].payload);
        expect_hex("rest", input, items[i].rest);
    }
}

static void typed_items(void)
{
    uint8_t bytes[2] = {0};
    slice view = {0}, input = runner_hex("c0");
    expect_refused("string", rlp_take_string(&input, &view),
                   "rlp: a list stands where a string belongs");
    expect_refused("bytes", rlp_take_bytes(&input, 0, bytes),
                   "rlp: a list stands where a string belongs");
    expect_ok("list", rlp_take_list(&input, &view));
    expect_ok("end", rlp_expect_end(input));
    input = runner_hex("82aabb");
    expect_refused("list", rlp_take_list(&input, &view),
                   "rlp: a string stands where a list belongs");
    expect_refused("one byte more", rlp_take_bytes(&input, 1, bytes),
                   "rlp: string has the wrong size");
    expect_refused("one byte less", rlp_take_bytes(&input, 3, bytes),
                   "rlp: string has the wrong size");
    expect_refused("not at the end", rlp_expect_end(input), "rlp: bytes follow the last item");
    expect_u64("nothing taken", input.size, 3);
    expect_ok("bytes", rlp_take_bytes(&input, 2, bytes));
    expect_hex("bytes", slice_of(bytes, 2), "aabb");
    input = slice_of(NULL, 0);
    expect_refused("no list", rlp_take_list(&input, &view), "rlp: an item is missing");
    expect_refused("no string", rlp_take_string(&input, &view), "rlp: an item is missing");
    expect_refused("no bytes", rlp_take_bytes(&input, 2, bytes), "rlp: an item is missing");
}

static const struct {
    const char *name, *input, *refusal_u64, *refusal_u256;
} integers[] = {
    {"zero", "80", NULL, NULL},
    {"one", "01", NULL, NULL},
    {"64 bits", "88ffffffffffffffff", NULL, NULL},
    {"65 bits", "89010000000000000000", "rlp: integer is wider than its field", NULL},
    {"2^128", "91 0100000000000000 0000000000000000 00", "rlp: integer is wider than its field",
     NULL},
    {"2^192", "99 0100000000000000 0000000000000000 0000000000000000 00",
     "rlp: integer is wider than its field", NULL},
    {"256 bits", "a0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "rlp: integer is wider than its field", NULL},
    {"257 bits", "a1010000000000000000000000000000000000000000000000000000000000000000",
     "rlp: integer is wider than its field", "rlp: integer is wider than its field"},
    {"zero byte", "00", "rlp: integer has a leading zero", "rlp: integer has a leading zero"},
    {"leading zero", "820001", "rlp: integer has a leading zero",
     "rlp: integer has a leading zero"},
    {"list", "c0", "rlp: a list stands where a string belongs",
     "rlp: a list stands where a string belongs"},
};

static void integer_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(integers); i++) {
        runner_row(integers[i].name);
        slice input = runner_hex(integers[i].input), wide = input;
        uint64_t narrow;
        u256 value;
        uint8_t memory[64];
        struct builder builder;
        builder_init(&builder, memory, sizeof memory);
        if (expect_outcome("u64", rlp_take_u64(&input, &narrow), integers[i].refusal_u64) &&
            !integers[i].refusal_u64) {
            rlp_put_u64(&builder, narrow);
            expect_hex("written", builder_view(&builder), integers[i].input);
        }
        builder_init(&builder, memory, sizeof memory);
        if (expect_outcome("u256", rlp_take_u256(&wide, &value), integers[i].refusal_u256) &&
            !integers[i].refusal_u256) {
            rlp_put_u256(&builder, value);
            expect_hex("written", builder_view(&builder), integers[i].input);
        }
    }
}

/* Strings and lists of every size around the changes of form are read as they were written. */
static void sizes_round_trip(void)
{
    static const size_t sizes[] = {0, 1, 2, 54, 55, 56, 57, 255, 256, 257, 65535, 65536, 65537};
    static uint8_t bytes[65537], memory[70000];
    memset(bytes, 0xaa, sizeof bytes);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        runner_row_at("size", sizes[i]);
        struct builder builder;
        const slice string = slice_of(bytes, sizes[i]);
        struct rlp_item item;
        builder_init(&builder, memory, sizeof memory);
        rlp_put_string(&builder, string);
        rlp_put_list(&builder, string);
        const size_t start = rlp_put_list_open(&builder);
        if (sizes[i] < 1000) builder_put(&builder, string);
        rlp_put_list_close(&builder, start);
        slice rest = builder_view(&builder);
        expect_true("fits", !builder.is_over || sizes[i] > 60000);
        expect_ok("string", rlp_take(&rest, &item));
        expect_bytes("string", item.payload, string);
        if (builder.is_over) continue;
        expect_ok("list", rlp_take(&rest, &item));
        expect_true("list", item.is_list && slice_equal(item.payload, string));
        expect_ok("list by items", rlp_take(&rest, &item));
        expect_bytes("list by items", item.payload, sizes[i] < 1000 ? string : slice_of(NULL, 0));
        expect_ok("end", rlp_expect_end(rest));
    }
}

static void nested_writing(void)
{
    uint8_t memory[16];
    struct builder builder;
    builder_init(&builder, memory, sizeof memory);
    const size_t outer = rlp_put_list_open(&builder);
    rlp_put_string(&builder, slice_text("cat"));
    const size_t inner = rlp_put_list_open(&builder);
    rlp_put_u64(&builder, 1);
    rlp_put_list_close(&builder, inner);
    rlp_put_list_close(&builder, outer);
    expect_hex("[cat, [1]]", builder_view(&builder), "c683636174c101");
    builder_init(&builder, memory, 4);
    rlp_put_string(&builder, slice_text("cat"));
    rlp_put_list_close(&builder, 0);
    slice written;
    expect_refused("no room for the prefix", builder_finish(&builder, &written),
                   "builder: result does not fit");
}

/* Whatever is accepted is exactly what would be written for it. */
static void accepted_is_canonical(void)
{
    size_t accepted_count = 0;
    for (size_t i = 0; i < 200000; i++) {
        uint8_t bytes[8], memory[16];
        runner_random(bytes, sizeof bytes);
        slice input = slice_of(bytes, sizeof bytes);
        struct rlp_item item;
        struct builder builder;
        if (!status_is_ok(rlp_take(&input, &item))) continue;
        accepted_count++;
        builder_init(&builder, memory, sizeof memory);
        if (item.is_list) rlp_put_list(&builder, item.payload);
        else rlp_put_string(&builder, item.payload);
        expect_bytes("written", builder_view(&builder), slice_of(bytes, sizeof bytes - input.size));
    }
    expect_true("some are accepted", accepted_count > 1000);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"items", item_rows},
        {"typed items", typed_items},
        {"integers", integer_rows},
        {"sizes round trip", sizes_round_trip},
        {"nested writing", nested_writing},
        {"accepted is canonical", accepted_is_canonical},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
