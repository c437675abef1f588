/*
 * text: classes of ASCII characters, the same in every locale.
 *
 * Bytes above 0x7f are in no class. For public text only: the answers come by branches.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

enum { TEXT_NOT_HEX = 16 }; /* what text_hex_value says of anything but a hex digit */

static inline bool text_is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static inline bool text_is_lower(uint8_t byte)
{
    return byte >= 'a' && byte <= 'z';
}

static inline bool text_is_upper(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static inline bool text_is_alphanumeric(uint8_t byte)
{
    return text_is_digit(byte) || text_is_lower(byte) || text_is_upper(byte);
}

/* Printable and no blank: what may stand in a header line without changing on the way. */
static inline bool text_is_visible(uint8_t byte)
{
    return byte > ' ' && byte < 0x7f;
}

/* A space or a tab. */
static inline bool text_is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Lower-case letters, digits and hyphens: AWS regions and the like. */
static inline bool text_is_name_byte(uint8_t byte)
{
    return text_is_lower(byte) || text_is_digit(byte) || byte == '-';
}

/* The letter in lower case; any other byte as it is. */
static inline uint8_t text_lower(uint8_t byte)
{
    return text_is_upper(byte) ? (uint8_t)(byte | 0x20) : byte;
}

/* 0 to 15 for a hex digit of either case, else TEXT_NOT_HEX. */
uint8_t text_hex_value(uint8_t byte);

/* True when all bytes are of the class; also for the empty text. */
bool text_is_made_of(slice text, bool (*is_in_class)(uint8_t byte));

/* True when all bytes are letters, digits or among `others`; also for the empty text. */
bool text_is_alphanumeric_or(slice text, const char *others);

/* Equal but for the case of letters. */
bool text_equal_folded(slice a, slice b);

#endif
