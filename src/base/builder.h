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

/* Whether something did not fit, and how many bytes still do. */
bool builder_is_over(const struct builder *builder);
size_t builder_left_size(const struct builder *builder);

/* What was written so far, for reading back while building. */
slice builder_view(const struct builder *builder);

/* The place reached so far, for the three calls below. */
size_t builder_mark(const struct builder *builder);

/* What was written since the mark. */
slice builder_since(const struct builder *builder, size_t mark);

/* Takes back what was written since the mark; something that did not fit stays remembered. */
void builder_rewind(struct builder *builder, size_t mark);

/* Inserts bytes at the mark; what was written since moves behind them. */
void builder_insert(struct builder *builder, size_t mark, slice bytes);

/*
 * Opens a part that is preceded by its size in 2 or 4 bytes; closing fills the size in. A part too
 * large for its size overflows the builder. Parts may be opened inside parts.
 */
size_t builder_open_u16(struct builder *builder);
void builder_close_u16(struct builder *builder, size_t opened);
size_t builder_open_u32(struct builder *builder);
void builder_close_u32(struct builder *builder, size_t opened);

/* Delivers all that was written, or OVER_LIMIT when something did not fit. */
MUST_CHECK status builder_finish(const struct builder *builder, slice *written);

/* Delivers what was written since the mark, or OVER_LIMIT when anything did not fit. */
MUST_CHECK status builder_finish_since(const struct builder *builder, size_t mark, slice *written);

#endif
