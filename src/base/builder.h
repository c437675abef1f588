/*
 * builder: bytes being written into memory of a fixed size.
 *
 * Overflow sticks: a put that does not fit writes nothing and marks the builder, so puts need no
 * checks and builder_finish is the one call that can fail. Integers are big-endian.
 */
#ifndef BASE_BUILDER_H
#define BASE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/status.h"

struct arena;

struct builder {
    uint8_t *bytes; /* the caller's memory */
    size_t size;    /* written so far */
    size_t size_max;
    bool is_over; /* something did not fit */
};

/* Starts writing into the caller's memory, which must outlive the builder. */
void builder_init(struct builder *builder, void *memory, size_t size_max);

/* Starts writing into `size_max` bytes of an arena; a builder over a full arena overflows. */
void builder_init_arena(struct builder *builder, struct arena *arena, size_t size_max);

void builder_put(struct builder *builder, slice bytes);
void builder_put_text(struct builder *builder, const char *text);
void builder_put_u8(struct builder *builder, uint8_t value);
void builder_put_u16(struct builder *builder, uint16_t value);
void builder_put_u32(struct builder *builder, uint32_t value);
void builder_put_u64(struct builder *builder, uint64_t value);
void builder_put_zeros(struct builder *builder, size_t size);
/* The number in decimal, without leading zeros. */
void builder_put_decimal(struct builder *builder, uint64_t value);

/* Reserves `size` bytes and returns where they start, or NULL when they do not fit. */
uint8_t *builder_space(struct builder *builder, size_t size);

/* What was written so far, for reading back while building. */
slice builder_view(const struct builder *builder);

/* Delivers all that was written, or OVER_LIMIT when something did not fit. */
MUST_CHECK status builder_finish(const struct builder *builder, slice *written);

#endif
