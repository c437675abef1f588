#include "base/text.h"

uint8_t text_hex_value(uint8_t byte)
{
    if (text_is_digit(byte)) return (uint8_t)(byte - '0');
    const uint8_t lower = text_lower(byte);
    return lower >= 'a' && lower <= 'f' ? (uint8_t)(lower - 'a' + 10) : TEXT_NOT_HEX;
}

bool text_is_made_of(slice text, bool (*is_in_class)(uint8_t byte))
{
    for (size_t i = 0; i < text.size; i++) {
        if (!is_in_class(text.bytes[i])) return false;
    }
    return true;
}

bool text_is_alphanumeric_or(slice text, const char *others)
{
    const slice also = slice_text(others);
    for (size_t i = 0; i < text.size; i++) {
        const uint8_t byte = text.bytes[i];
        if (!text_is_alphanumeric(byte) && slice_index_of(also, byte) == also.size) return false;
    }
    return true;
}

bool text_equal_folded(slice a, slice b)
{
    if (a.size != b.size) return false;
    for (size_t i = 0; i < a.size; i++) {
        if (text_lower(a.bytes[i]) != text_lower(b.bytes[i])) return false;
    }
    return true;
}
