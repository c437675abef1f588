/*
 * reader: bytes being read from the front, the builder's mirror.
 *
 * Ending too early sticks: a read of what is not there gives zeros and marks the reader, so each
 * read returns its value and reader_finish is the one call that can fail. Nothing may be decided
 * from what was read before that call has said yes. Integers are big-endian. Slices are views of the
 * input.
 */
#ifndef BASE_READER_H
#define BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/slice.h"
#include "base/status.h"

struct reader {
    slice left;
    bool is_short; /* something was asked for that is not there */
};

/* Starts reading `input`, which must outlive the reader and every view it hands out. */
void reader_init(struct reader *reader, slice input);

uint8_t reader_u8(struct reader *reader);
uint16_t reader_u16(struct reader *reader);
uint32_t reader_u32(struct reader *reader);
uint64_t reader_u64(struct reader *reader);
bytes16 reader_bytes16(struct reader *reader);
bytes20 reader_bytes20(struct reader *reader);
bytes32 reader_bytes32(struct reader *reader);

/* The next `size` bytes; the empty slice when fewer are left. */
slice reader_slice(struct reader *reader, size_t size);

/* Copies the next `size` bytes, or zeros. */
void reader_copy(struct reader *reader, void *copy, size_t size);

/* All that is left. */
slice reader_rest(struct reader *reader);

/* How many bytes are left; 0 when something was not there. */
size_t reader_left_size(const struct reader *reader);

/* BAD_INPUT when something was not there: for the middle of an input, before it decides anything. */
MUST_CHECK status reader_check(const struct reader *reader);

/* The same, and BAD_INPUT when bytes are left. */
MUST_CHECK status reader_finish(const struct reader *reader);

#endif
