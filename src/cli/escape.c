#include "cli/escape.h"

#include <stdint.h>

#include "base/array.h"
#include "base/hex.h"

/* Characters that are not what they look like, or do not look like anything: ranges, in order. */
static const struct {
    uint32_t first, last;
} deceptive[] = {
    {0x80, 0xa0},       /* C1 controls, no-break space */
    {0xad, 0xad},       /* soft hyphen */
    {0x34f, 0x34f},     /* combining grapheme joiner */
    {0x61c, 0x61c},     /* Arabic letter mark */
    {0x115f, 0x1160},   /* Hangul fillers */
    {0x1680, 0x1680},   /* Ogham space */
    {0x17b4, 0x17b5},   /* Khmer vowels that are not shown */
    {0x180b, 0x180f},   /* Mongolian selectors and separator */
    {0x2000, 0x200f},   /* blanks, zero-width characters, direction marks */
    {0x2028, 0x202f},   /* separators, direction embeddings and overrides, narrow blank */
    {0x205f, 0x206f},   /* blanks, word joiner, invisible operators, direction isolates */
    {0x2800, 0x2800},   /* braille blank */
    {0x3000, 0x3000},   /* ideographic space */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xe000, 0xf8ff},   /* private use */
    {0xfe00, 0xfe0f},   /* variation selectors */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xffa0, 0xffa0},   /* halfwidth Hangul filler */
    {0xfff0, 0xfffb},   /* interlinear annotation, and none */
    {0xfffe, 0xffff},   /* no characters */
    {0x1bca0, 0x1bca3}, /* shorthand format controls */
    {0x1d173, 0x1d17a}, /* musical format controls */
    {0xe0000, 0x10ffff} /* tags, selectors, private use */
};

static bool is_deceptive(uint32_t character)
{
    for (size_t i = 0; i < ARRAY_COUNT(deceptive); i++) {
        if (character >= deceptive[i].first && character <= deceptive[i].last) return true;
    }
    return false;
}

static bool is_continuation(slice text, size_t index)
{
    return index < text.size && (text.bytes[index] & 0xc0) == 0x80;
}

/*
 * Reads the character at the front; its size, or 0 when there is none (RFC 3629: no overlong forms,
 * no surrogates, nothing above U+10FFFF).
 */
static size_t read_character(slice text, uint32_t *character)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const uint8_t first = text.bytes[0];
    const size_t size = first < 0x80   ? 1
                        : first < 0xc0 ? 0
                        : first < 0xe0 ? 2
                        : first < 0xf0 ? 3
                                       : 4;
    if (size == 0 || first >= 0xf8) return 0;
    uint32_t value = size == 1 ? first : first & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if (!is_continuation(text, i)) return 0;
        value = value << 6 | (text.bytes[i] & 0x3fu);
    }
    if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
    *character = value;
    return size;
}

static void put_byte(struct builder *builder, uint8_t byte)
{
    builder_put_text(builder, "\\x");
    hex_put(builder, slice_of(&byte, 1));
}

static void put_code(struct builder *builder, uint32_t character)
{
    static const char digits[] = "0123456789ABCDEF";
    int shift = 20;
    while (shift > 0 && character >> shift == 0) shift -= 4;
    builder_put_text(builder, "\\u{");
    for (; shift >= 0; shift -= 4) {
        builder_put_u8(builder, (uint8_t)digits[character >> shift & 15]);
    }
    builder_put_text(builder, "}");
}

/* Takes one character, or one byte that is none, off the front and appends how it is shown. */
static void put_next(struct builder *builder, slice *text)
{
    uint32_t character;
    const uint8_t byte = text->bytes[0];
    const size_t size = read_character(*text, &character);
    if (size == 0) put_byte(builder, byte);
    else if (byte == '\\') builder_put_text(builder, "\\\\");
    else if (byte == '\n') builder_put_text(builder, "\\n");
    else if (byte == '\r') builder_put_text(builder, "\\r");
    else if (byte == '\t') builder_put_text(builder, "\\t");
    else if (byte < 0x20 || byte == 0x7f) put_byte(builder, byte);
    else if (is_deceptive(character)) put_code(builder, character);
    else builder_put(builder, slice_part(*text, 0, size));
    *text = slice_part(*text, size == 0 ? 1 : size, text->size);
}

void escape_put(struct builder *builder, slice text)
{
    while (text.size > 0) put_next(builder, &text);
}

void escape_put_lines(struct builder *builder, slice text, const char *margin)
{
    builder_put_text(builder, margin);
    while (text.size > 0) {
        if (text.bytes[0] == '\n') {
            builder_put_text(builder, "\n");
            builder_put_text(builder, margin);
            text = slice_part(text, 1, text.size);
        } else {
            put_next(builder, &text);
        }
    }
    builder_put_text(builder, "\n");
}

bool escape_is_text(slice bytes)
{
    while (bytes.size > 0) {
        uint32_t character;
        const size_t size = read_character(bytes, &character);
        if (size == 0) return false;
        bytes = slice_part(bytes, size, bytes.size);
    }
    return true;
}
