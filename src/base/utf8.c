#include "base/utf8.h"

size_t utf8_character_size(slice text)
{
    if (text.size == 0) return 0;
    const uint8_t first = text.bytes[0];
    if (first < 0x80) return 1;
    const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || size > text.size) return 0;
    /* The second byte's range excludes overlong forms, surrogates and what is above U+10FFFF. */
    const uint8_t second_min = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const uint8_t second_max = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (text.bytes[1] < second_min || text.bytes[1] > second_max) return 0;
    for (size_t i = 2; i < size; i++) {
        if (text.bytes[i] < 0x80 || text.bytes[i] > 0xbf) return 0;
    }
    return size;
}

bool utf8_is_valid(slice text)
{
    while (text.size > 0) {
        const size_t size = utf8_character_size(text);
        if (size == 0) return false;
        text = slice_part(text, size, text.size);
    }
    return true;
}

bool utf8_is_character(uint32_t code_point)
{
    return code_point < 0xd800 || (code_point > 0xdfff && code_point <= 0x10ffff);
}

void utf8_put(struct builder *builder, uint32_t code_point)
{
    const size_t size = code_point < 0x80      ? 1
                        : code_point < 0x800   ? 2
                        : code_point < 0x10000 ? 3
                                               : 4;
    static const uint8_t first_marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
    builder_put_u8(builder, (uint8_t)(first_marks[size] | code_point >> (6 * (size - 1))));
    for (size_t i = size - 1; i > 0; i--) {
        builder_put_u8(builder, (uint8_t)(0x80 | (code_point >> (6 * (i - 1)) & 0x3f)));
    }
}
