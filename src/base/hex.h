/*
 * hex: base 16 text, two digits a byte.
 *
 * Digits of either case are read; lower case is written. Decoding and encoding have no branch or
 * table index that depends on the bytes, so they may carry secrets.
 */
#ifndef BASE_HEX_H
#define BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

/* Appends the bytes as plain hex digits. */
void hex_put(struct builder *builder, slice bytes);

/* Appends "0x" and the bytes as hex digits. */
void hex_put_0x(struct builder *builder, slice bytes);

/*
 * Reads plain digits into `bytes`, which has room for `size` of them.
 *
 * BAD_INPUT unless there are exactly 2 * `size` digits. On failure `bytes` may hold part of it.
 */
MUST_CHECK status hex_read(slice text, uint8_t *bytes, size_t size);

/* The same for text that must start with "0x" (lower-case x). */
MUST_CHECK status hex_read_0x(slice text, uint8_t *bytes, size_t size);

/* Appends the bytes that "0x" text of any even length stands for; "0x" is the empty string. */
MUST_CHECK status hex_put_decoded_0x(struct builder *builder, slice text);

#endif
