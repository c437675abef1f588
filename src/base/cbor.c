#include "base/cbor.h"

#include <assert.h>

/* Major types: the upper three bits of a head (RFC 8949, section 3.1). */
enum major {
    MAJOR_UNSIGNED,
    MAJOR_NEGATIVE,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE,
};

/* What the lower five bits say. */
enum info {
    INFO_U8 = 24, /* below it, the value itself */
    INFO_U64 = 27,
    INFO_INDEFINITE = 31,
};

enum byte {
    BYTE_FALSE = 0xf4,
    BYTE_TRUE = 0xf5,
    BYTE_NULL = 0xf6,
    BYTE_BREAK = 0xff,
};

struct head {
    enum major major;
    bool is_indefinite;
    uint64_t value;
};

void cbor_reader_init(struct cbor_reader *reader, slice input, unsigned leniency)
{
    reader->input = input;
    reader->leniency = leniency;
}

static bool next_is(const struct cbor_reader *reader, uint8_t byte)
{
    return reader->input.size > 0 && reader->input.bytes[0] == byte;
}

static status take_long_value(struct cbor_reader *reader, unsigned info, uint64_t *value)
{
    const size_t size = (size_t)1 << (info - INFO_U8);
    slice bytes = {0};
    uint64_t read = 0;
    TRY(slice_take(&reader->input, size, &bytes));
    for (size_t i = 0; i < size; i++) read = read << 8 | bytes.bytes[i];
    /* The least value that needs this many bytes: 24, or one more than half as many can hold. */
    const uint64_t least = size == 1 ? INFO_U8 : UINT64_C(1) << (4 * size);
    REQUIRE(read >= least || (reader->leniency & CBOR_LONG_HEADS), BAD_INPUT,
            "cbor: number is not as short as it can be");
    *value = read;
    return status_ok();
}

static status take_indefinite(const struct cbor_reader *reader, enum major major)
{
    REQUIRE(major == MAJOR_ARRAY || major == MAJOR_MAP, BAD_INPUT,
            "cbor: only arrays and maps may have an indefinite length");
    REQUIRE(reader->leniency & CBOR_INDEFINITE, BAD_INPUT, "cbor: length must be definite");
    return status_ok();
}

static status take_head(struct cbor_reader *reader, struct head *head)
{
    uint8_t first = 0;
    REQUIRE(reader->input.size > 0, BAD_INPUT, "cbor: value is missing");
    TRY(slice_take_u8(&reader->input, &first));
    struct head read = {.major = first >> 5};
    const unsigned info = first & 0x1f;
    if (read.major == MAJOR_SIMPLE) {
        REQUIRE(first >= BYTE_FALSE && first <= BYTE_NULL, BAD_INPUT,
                "cbor: floats, undefined and other simple values are not accepted");
        read.value = first;
    } else if (info == INFO_INDEFINITE) {
        TRY(take_indefinite(reader, read.major));
        read.is_indefinite = true;
    } else if (info < INFO_U8) {
        read.value = info;
    } else {
        REQUIRE(info <= INFO_U64, BAD_INPUT, "cbor: head is reserved");
        TRY(take_long_value(reader, info, &read.value));
    }
    *head = read;
    return status_ok();
}

status cbor_take_u64(struct cbor_reader *reader, uint64_t value_max, uint64_t *value)
{
    struct head head;
    TRY(take_head(reader, &head));
    REQUIRE(head.major == MAJOR_UNSIGNED, BAD_INPUT, "cbor: expected an unsigned integer");
    REQUIRE(head.value <= value_max, BAD_INPUT, "cbor: integer is out of range");
    *value = head.value;
    return status_ok();
}

status cbor_take_i64(struct cbor_reader *reader, int64_t *value)
{
    struct head head;
    TRY(take_head(reader, &head));
    REQUIRE(head.major == MAJOR_UNSIGNED || head.major == MAJOR_NEGATIVE, BAD_INPUT,
            "cbor: expected an integer");
    REQUIRE(head.value <= INT64_MAX, BAD_INPUT, "cbor: integer is out of range");
    *value = head.major == MAJOR_UNSIGNED ? (int64_t)head.value : -1 - (int64_t)head.value;
    return status_ok();
}

status cbor_take_bool(struct cbor_reader *reader, bool *value)
{
    REQUIRE(next_is(reader, BYTE_FALSE) || next_is(reader, BYTE_TRUE), BAD_INPUT,
            "cbor: expected true or false");
    *value = next_is(reader, BYTE_TRUE);
    reader->input = slice_part(reader->input, 1, reader->input.size);
    return status_ok();
}

static status take_contents(struct cbor_reader *reader, uint64_t size, slice *contents)
{
    REQUIRE(size <= reader->input.size, BAD_INPUT, "cbor: string runs past the end of the input");
    return slice_take(&reader->input, (size_t)size, contents);
}

status cbor_take_bytes(struct cbor_reader *reader, size_t size_min, size_t size_max, slice *bytes)
{
    struct head head;
    TRY(take_head(reader, &head));
    REQUIRE(head.major == MAJOR_BYTES, BAD_INPUT, "cbor: expected a byte string");
    REQUIRE(head.value >= size_min && head.value <= size_max, BAD_INPUT,
            "cbor: byte string has the wrong size");
    return take_contents(reader, head.value, bytes);
}

/* How many bytes a character has whose first byte this is, or 0. */
static size_t character_size(uint8_t first)
{
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return 2;
    if (first >= 0xe0 && first <= 0xef) return 3;
    if (first >= 0xf0 && first <= 0xf4) return 4;
    return 0;
}

/* The second byte's range keeps out long forms, surrogates and what is above U+10FFFF. */
static bool second_is_allowed(uint8_t first, uint8_t second)
{
    if (first == 0xe0) return second >= 0xa0;
    if (first == 0xed) return second <= 0x9f;
    if (first == 0xf0) return second >= 0x90;
    if (first == 0xf4) return second <= 0x8f;
    return true;
}

static bool is_utf8(slice text)
{
    for (size_t i = 0; i < text.size;) {
        const uint8_t first = text.bytes[i];
        const size_t size = character_size(first);
        if (size == 0 || size > text.size - i) return false;
        for (size_t k = 1; k < size; k++) {
            if ((text.bytes[i + k] & 0xc0) != 0x80) return false;
        }
        if (size > 1 && !second_is_allowed(first, text.bytes[i + 1])) return false;
        i += size;
    }
    return true;
}

status cbor_take_text(struct cbor_reader *reader, size_t size_min, size_t size_max, slice *text)
{
    struct head head;
    slice read = {0};
    TRY(take_head(reader, &head));
    REQUIRE(head.major == MAJOR_TEXT, BAD_INPUT, "cbor: expected a text string");
    REQUIRE(head.value >= size_min && head.value <= size_max, BAD_INPUT,
            "cbor: text has the wrong size");
    TRY(take_contents(reader, head.value, &read));
    REQUIRE(is_utf8(read), BAD_INPUT, "cbor: text is not UTF-8");
    *text = read;
    return status_ok();
}

bool cbor_take_null(struct cbor_reader *reader)
{
    if (!next_is(reader, BYTE_NULL)) return false;
    reader->input = slice_part(reader->input, 1, reader->input.size);
    return true;
}

bool cbor_take_tag(struct cbor_reader *reader, uint8_t tag)
{
    assert(tag < INFO_U8);
    if (!next_is(reader, (uint8_t)(MAJOR_TAG << 5 | tag))) return false;
    reader->input = slice_part(reader->input, 1, reader->input.size);
    return true;
}

bool cbor_is_text(const struct cbor_reader *reader)
{
    return reader->input.size > 0 && reader->input.bytes[0] >> 5 == MAJOR_TEXT;
}

static status start_items(const struct head *head, size_t count_max, struct cbor_items *items)
{
    REQUIRE(head->is_indefinite || head->value <= count_max, BAD_INPUT,
            "cbor: map or array has too many items");
    items->is_indefinite = head->is_indefinite;
    items->left_count = head->is_indefinite ? count_max : head->value;
    return status_ok();
}

status cbor_take_map(struct cbor_reader *reader, size_t count_max, struct cbor_items *items)
{
    struct head head;
    TRY(take_head(reader, &head));
    REQUIRE(head.major == MAJOR_MAP, BAD_INPUT, "cbor: expected a map");
    return start_items(&head, count_max, items);
}

status cbor_take_array(struct cbor_reader *reader, size_t count_max, struct cbor_items *items)
{
    struct head head;
    TRY(take_head(reader, &head));
    REQUIRE(head.major == MAJOR_ARRAY, BAD_INPUT, "cbor: expected an array");
    return start_items(&head, count_max, items);
}

status cbor_take_next(struct cbor_reader *reader, struct cbor_items *items, bool *has_next)
{
    const bool is_break = items->is_indefinite && next_is(reader, BYTE_BREAK);
    if (is_break) {
        reader->input = slice_part(reader->input, 1, reader->input.size);
        *has_next = false;
        return status_ok();
    }
    if (items->left_count == 0 && !items->is_indefinite) {
        *has_next = false;
        return status_ok();
    }
    REQUIRE(items->left_count > 0, BAD_INPUT, "cbor: map or array has too many items");
    items->left_count--;
    *has_next = true;
    return status_ok();
}

struct skip {
    unsigned depth;
    size_t left_count;
};

/* The values that follow a head and belong to it; of strings the contents. */
static status skip_value(struct cbor_reader *reader, struct skip skip, size_t *left_count);

static status skip_items(struct cbor_reader *reader, const struct head *head, struct skip skip,
                         size_t *left_count)
{
    struct cbor_items items = {0};
    bool has_next = false;
    REQUIRE(skip.depth < CBOR_DEPTH_MAX, BAD_INPUT, "cbor: values are nested too deeply");
    TRY(start_items(head, CBOR_SKIP_COUNT_MAX, &items));
    for (;;) {
        TRY(cbor_take_next(reader, &items, &has_next));
        if (!has_next) break;
        const size_t value_count = head->major == MAJOR_MAP ? 2 : 1;
        for (size_t i = 0; i < value_count; i++) {
            const struct skip inner = {skip.depth + 1, skip.left_count};
            TRY(skip_value(reader, inner, &skip.left_count));
        }
    }
    *left_count = skip.left_count;
    return status_ok();
}

static status skip_value(struct cbor_reader *reader, struct skip skip, size_t *left_count)
{
    struct head head;
    slice contents = {0};
    REQUIRE(skip.left_count > 0, BAD_INPUT, "cbor: skipped value has too many items");
    skip.left_count--;
    TRY(take_head(reader, &head));
    switch (head.major) {
    case MAJOR_BYTES: TRY(take_contents(reader, head.value, &contents)); break;
    case MAJOR_TEXT:
        TRY(take_contents(reader, head.value, &contents));
        REQUIRE(is_utf8(contents), BAD_INPUT, "cbor: text is not UTF-8");
        break;
    case MAJOR_ARRAY:
    case MAJOR_MAP: TRY(skip_items(reader, &head, skip, &skip.left_count)); break;
    case MAJOR_TAG: FAIL(BAD_INPUT, 0, "cbor: tags are not accepted here");
    case MAJOR_UNSIGNED:
    case MAJOR_NEGATIVE:
    case MAJOR_SIMPLE: break;
    }
    *left_count = skip.left_count;
    return status_ok();
}

status cbor_skip(struct cbor_reader *reader)
{
    const struct skip skip = {0, CBOR_SKIP_COUNT_MAX};
    size_t left_count = 0;
    return skip_value(reader, skip, &left_count);
}

status cbor_expect_end(const struct cbor_reader *reader)
{
    REQUIRE(reader->input.size == 0, BAD_INPUT, "cbor: bytes follow the value");
    return status_ok();
}

static void put_head(struct builder *builder, enum major major, uint64_t value)
{
    const uint8_t top = (uint8_t)(major << 5);
    if (value < INFO_U8) {
        builder_put_u8(builder, (uint8_t)(top | value));
    } else if (value <= UINT8_MAX) {
        builder_put_u8(builder, top | INFO_U8);
        builder_put_u8(builder, (uint8_t)value);
    } else if (value <= UINT16_MAX) {
        builder_put_u8(builder, top | (INFO_U8 + 1));
        builder_put_u16(builder, (uint16_t)value);
    } else if (value <= UINT32_MAX) {
        builder_put_u8(builder, top | (INFO_U8 + 2));
        builder_put_u32(builder, (uint32_t)value);
    } else {
        builder_put_u8(builder, top | INFO_U64);
        builder_put_u64(builder, value);
    }
}

void cbor_put_u64(struct builder *builder, uint64_t value)
{
    put_head(builder, MAJOR_UNSIGNED, value);
}

void cbor_put_i64(struct builder *builder, int64_t value)
{
    if (value >= 0) put_head(builder, MAJOR_UNSIGNED, (uint64_t)value);
    else put_head(builder, MAJOR_NEGATIVE, (uint64_t)(-1 - value));
}

void cbor_put_bool(struct builder *builder, bool value)
{
    builder_put_u8(builder, value ? BYTE_TRUE : BYTE_FALSE);
}

void cbor_put_null(struct builder *builder)
{
    builder_put_u8(builder, BYTE_NULL);
}

void cbor_put_bytes(struct builder *builder, slice bytes)
{
    cbor_put_bytes_head(builder, bytes.size);
    builder_put(builder, bytes);
}

void cbor_put_bytes_head(struct builder *builder, size_t size)
{
    put_head(builder, MAJOR_BYTES, size);
}

void cbor_put_text(struct builder *builder, slice text)
{
    put_head(builder, MAJOR_TEXT, text.size);
    builder_put(builder, text);
}

void cbor_put_tag(struct builder *builder, uint8_t tag)
{
    put_head(builder, MAJOR_TAG, tag);
}

void cbor_put_map(struct builder *builder, size_t count)
{
    put_head(builder, MAJOR_MAP, count);
}

void cbor_put_array(struct builder *builder, size_t count)
{
    put_head(builder, MAJOR_ARRAY, count);
}

void cbor_put_map_indefinite(struct builder *builder)
{
    builder_put_u8(builder, MAJOR_MAP << 5 | INFO_INDEFINITE);
}

void cbor_put_array_indefinite(struct builder *builder)
{
    builder_put_u8(builder, MAJOR_ARRAY << 5 | INFO_INDEFINITE);
}

void cbor_put_break(struct builder *builder)
{
    builder_put_u8(builder, BYTE_BREAK);
}
