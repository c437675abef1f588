/*
 * utf8: Unicode's characters as bytes.
 *
 * Overlong forms, surrogates and what is above U+10FFFF are no characters.
 *
 * Specification: RFC 3629.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"

/* The bytes that the character at the front takes, 1 to 4, or 0 when there is none. */
size_t utf8_character_size(slice text);

/* True when the text is characters from end to end. */
bool utf8_is_valid(slice text);

/* Whether the number is a character's. */
bool utf8_is_character(uint32_t code_point);

/* Appends a character; the caller has asked whether it is one. */
void utf8_put(struct builder *builder, uint32_t code_point);

#endif
