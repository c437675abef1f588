/*
 * slice: a read-only view of bytes that somebody else owns.
 *
 * It is passed by value. Reading means taking from the front of one's own copy: a take that does
 * not fit fails and leaves the slice as it was. A slice lives as long as the memory it views.
 * Integers are big-endian.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/array.h"
#include "base/status.h"

typedef struct slice {
    const uint8_t *bytes;
    size_t size;
} slice;

/* Views `size` bytes at `bytes`. NULL is fine when `size` is 0. */
slice slice_of(const void *bytes, size_t size);

/* Views NUL-terminated text, without the NUL. */
slice slice_text(const char *text);

/* Views `size` bytes from `offset`; what lies outside `whole` is cut off. */
slice slice_part(slice whole, size_t offset, size_t size);

/* Equal sizes and bytes. For public bytes only: it returns early (secrets: secret_equal). */
bool slice_equal(slice a, slice b);

/* True when `whole` begins with `start`. */
bool slice_has_start(slice whole, slice start);

/* Byte order, the shorter first when one begins the other: below 0, 0 or above 0. */
int slice_compare(slice a, slice b);

/* The index of the first such byte, or `whole.size` when there is none. */
size_t slice_index_of(slice whole, uint8_t byte);

/* The same bytes without spaces and tabs at either end. */
slice slice_trim(slice text);

/* Takes exactly `size` bytes off the front. BAD_INPUT when fewer are left. */
MUST_CHECK status slice_take(slice *input, size_t size, slice *taken);

/* Takes and copies exactly `size` bytes. */
MUST_CHECK status slice_take_copy(slice *input, size_t size, uint8_t *copy);

/* Takes one unsigned big-endian integer. */
MUST_CHECK status slice_take_u8(slice *input, uint8_t *value);
MUST_CHECK status slice_take_u16(slice *input, uint16_t *value);
MUST_CHECK status slice_take_u32(slice *input, uint32_t *value);
MUST_CHECK status slice_take_u64(slice *input, uint64_t *value);

/* BAD_INPUT unless nothing is left. */
MUST_CHECK status slice_expect_end(slice input);

/*
 * Reads a decimal number without sign, blanks or leading zeros, at most `value_max`.
 *
 * BAD_INPUT for anything else, also for the empty text.
 */
MUST_CHECK status slice_parse_u64(slice text, uint64_t value_max, uint64_t *value);

#endif
