/*
 * cbor: the part of CBOR that the Nitro security module, COSE_Sign1 and attestation documents use.
 *
 * Values: unsigned and negative integers, byte and text strings, arrays, maps, booleans, null and
 * tags where one is asked for. Refused: floats, undefined, other simple values, strings of
 * indefinite length, text that is not UTF-8, nesting beyond CBOR_DEPTH_MAX, more than
 * CBOR_SKIP_COUNT_MAX values inside a skipped one.
 * By default every head must be as short as it can be and every length definite; a reader may be
 * told to accept long heads or maps and arrays of indefinite length, for peers that write them.
 *
 * Reading takes values from the front in the order the caller expects; maps deliver their keys one
 * by one, and whoever reads a map refuses keys that come twice. Byte and text strings are views of
 * the input. A failed call leaves the reader in no particular place: give up on the input.
 *
 * Writing appends canonical heads to a builder: shortest, definite.
 *
 * Specification: RFC 8949.
 */
#ifndef BASE_CBOR_H
#define BASE_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/builder.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    CBOR_DEPTH_MAX = 4,        /* values inside a skipped value; attestation documents need 2 */
    CBOR_SKIP_COUNT_MAX = 256, /* values inside a skipped value, so that skipping is cheap */
};

/* What a reader accepts beyond canonical CBOR; added together. */
enum cbor_leniency {
    CBOR_CANONICAL = 0,
    CBOR_LONG_HEADS = 1, /* integers and lengths that are not as short as they can be */
    CBOR_INDEFINITE = 2, /* maps and arrays that end in a break byte */
};

struct cbor_reader {
    slice input;       /* what is left */
    unsigned leniency; /* enum cbor_leniency, added together */
};

/* The values of a map (pairs) or an array still to come. */
struct cbor_items {
    uint64_t left_count; /* of an indefinite one: how many the caller still accepts */
    bool is_indefinite;
};

/* Starts reading `input`, which must outlive the reader and every view it hands out. */
void cbor_reader_init(struct cbor_reader *reader, slice input, unsigned leniency);

/* Takes an unsigned integer of at most `value_max`. */
MUST_CHECK status cbor_take_u64(struct cbor_reader *reader, uint64_t value_max, uint64_t *value);
/* Takes an unsigned or negative integer that fits. */
MUST_CHECK status cbor_take_i64(struct cbor_reader *reader, int64_t *value);
MUST_CHECK status cbor_take_bool(struct cbor_reader *reader, bool *value);
/* Takes a byte string of `size_min` to `size_max` bytes. */
MUST_CHECK status cbor_take_bytes(struct cbor_reader *reader, size_t size_min, size_t size_max,
                                  slice *bytes);
/* Takes a UTF-8 text string of `size_min` to `size_max` bytes. */
MUST_CHECK status cbor_take_text(struct cbor_reader *reader, size_t size_min, size_t size_max,
                                 slice *text);
/* Takes null if it comes next, and says whether it did. */
bool cbor_take_null(struct cbor_reader *reader);
/* Takes this tag (0 to 23) if it comes next, and says whether it did. */
bool cbor_take_tag(struct cbor_reader *reader, uint8_t tag);
/* True when a text string comes next. */
bool cbor_is_text(const struct cbor_reader *reader);

/* Takes the head of a map or array of at most `count_max` pairs or values. */
MUST_CHECK status cbor_take_map(struct cbor_reader *reader, size_t count_max,
                                struct cbor_items *items);
MUST_CHECK status cbor_take_array(struct cbor_reader *reader, size_t count_max,
                                  struct cbor_items *items);
/*
 * Says whether another pair or value of `items` follows, and takes the break byte when not.
 *
 * BAD_INPUT when an indefinite one has more than its `count_max`.
 */
MUST_CHECK status cbor_take_next(struct cbor_reader *reader, struct cbor_items *items,
                                 bool *has_next);

/* Takes any one value with all that it contains. */
MUST_CHECK status cbor_skip(struct cbor_reader *reader);

/* BAD_INPUT unless nothing is left. */
MUST_CHECK status cbor_expect_end(const struct cbor_reader *reader);

void cbor_put_u64(struct builder *builder, uint64_t value);
void cbor_put_i64(struct builder *builder, int64_t value);
void cbor_put_bool(struct builder *builder, bool value);
void cbor_put_null(struct builder *builder);
void cbor_put_bytes(struct builder *builder, slice bytes);
/* The head of a byte string whose `size` bytes the caller puts next. */
void cbor_put_bytes_head(struct builder *builder, size_t size);
void cbor_put_text(struct builder *builder, slice text);
void cbor_put_tag(struct builder *builder, uint8_t tag);
/* The head of a map of `count` pairs, or an array of `count` values, that the caller puts next. */
void cbor_put_map(struct builder *builder, size_t count);
void cbor_put_array(struct builder *builder, size_t count);
/* The same without a count; cbor_put_break ends it. Not canonical: for those who imitate others. */
void cbor_put_map_indefinite(struct builder *builder);
void cbor_put_array_indefinite(struct builder *builder);
void cbor_put_break(struct builder *builder);

#endif
