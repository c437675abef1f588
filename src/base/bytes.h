/*
 * bytes: byte strings of a fixed size as values.
 *
 * They are copied, compared and returned like numbers, and a function that takes one cannot be given
 * too few bytes. What they hold is public: secrets have types of their own.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

/* An identifier or a nonce; an address; a hash or an identifier made of one. */
typedef struct bytes16 {
    uint8_t bytes[16];
} bytes16;

typedef struct bytes20 {
    uint8_t bytes[20];
} bytes20;

typedef struct bytes32 {
    uint8_t bytes[32];
} bytes32;

static inline bool bytes16_equal(bytes16 a, bytes16 b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static inline bool bytes20_equal(bytes20 a, bytes20 b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static inline bool bytes32_equal(bytes32 a, bytes32 b)
{
    return memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
}

/* Views of a value that lives at least as long. */
static inline slice bytes16_view(const bytes16 *value)
{
    return slice_of(value->bytes, sizeof value->bytes);
}

static inline slice bytes20_view(const bytes20 *value)
{
    return slice_of(value->bytes, sizeof value->bytes);
}

static inline slice bytes32_view(const bytes32 *value)
{
    return slice_of(value->bytes, sizeof value->bytes);
}

#endif
