/*
 * intake: a connection's request as its bytes arrive.
 *
 * A connection without bytes holds no memory. The first ones go into a block, in which a usual
 * request has room with its body; a longer head moves to a wide block, and a body that does not fit
 * behind its head goes into pages, taken as its bytes arrive, to be joined in the memory that the
 * request is handled in. What follows a request in the block is kept as the start of the next, which
 * is not looked at before. Everything is wiped when it is dropped: heads hold tokens.
 */
#ifndef SERVE_INTAKE_H
#define SERVE_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "http/body.h"
#include "http/head.h"
#include "http/message.h"
#include "serve/limits.h"
#include "serve/memories.h"
#include "serve/pages.h"

enum {
    INTAKE_BLOCK_SIZE = 2048,                     /* one for each connection */
    INTAKE_WIDE_BLOCK_SIZE = SERVE_HEAD_SIZE_MAX, /* heads that do not fit a block */
    INTAKE_WIDE_BLOCK_COUNT_MIN = 32,             /* at once; more wait */
    INTAKE_SCRATCH_SIZE = 64 * 1024,              /* of a body, received at once */
    /* Free pages that only the body is given that has been arriving for longest: it can end. */
    INTAKE_KEPT_PAGE_COUNT = SERVE_BODY_SIZE_MAX / PAGES_DATA_SIZE + 2,
};

/* What the intakes of a shard share. */
struct intake_home {
    struct memories blocks, wide_blocks;
    struct pages pages;
    uint8_t *scratch;
};

enum intake_stage { INTAKE_HEAD, INTAKE_HEAD_READ, INTAKE_BODY, INTAKE_WHOLE };

/* `{0}` is empty. */
struct intake {
    struct arena *block; /* used up to what has arrived; NULL: nothing has */
    bool is_wide, is_paged;
    enum intake_stage stage;
    struct http_head_search search;
    size_t head_size;
    struct http_framing framing;
    struct http_body body;
    struct page_chain chain; /* of a body in pages: what has arrived */
};

size_t intake_home_memory_size(const struct serve_limits *limits);
MUST_CHECK status intake_home_init(struct intake_home *home, struct arena *memory,
                                   const struct serve_limits *limits);

bool intake_is_empty(const struct intake *intake);

/*
 * Where the next bytes belong, and how many may come. NULL when there is no room for now; a body
 * that `is_first` may use the pages that are kept.
 */
uint8_t *intake_space(struct intake *intake, struct intake_home *home, bool is_first, size_t *size);

/* Says that bytes were written at intake_space. Failures as of http/body. */
MUST_CHECK status intake_add(struct intake *intake, struct intake_home *home, size_t size);

/* Reads the head once it is whole. Failures as of http/head and http/message. */
MUST_CHECK status intake_read_head(struct intake *intake, struct http_request *request,
                                   bool *is_there);

/* Lets the body follow, up to this size. OVER_LIMIT (413). */
MUST_CHECK status intake_start_body(struct intake *intake, uint64_t size_max);

/*
 * Goes as far through the body as bytes and room allow. `is_starved` says that bytes are there for
 * which there are no pages.
 */
MUST_CHECK status intake_advance(struct intake *intake, struct intake_home *home, bool is_first,
                                 bool *is_starved);

/* True when head and body are there. */
bool intake_is_whole(const struct intake *intake);

/* True when no body byte has arrived yet that was announced: the client may wait to be told to go on. */
bool intake_is_body_awaited(const struct intake *intake);

/* The size of the whole body. */
size_t intake_body_size(const struct intake *intake);

/*
 * The whole body in one piece: where it lies, or joined in `memory`, which gives its pages back.
 * OVER_LIMIT when it does not fit there.
 */
MUST_CHECK status intake_join_body(struct intake *intake, struct intake_home *home,
                                   struct arena *memory, slice *body);

/*
 * For a request whose body nobody wants: true when the body is there anyway, and will be dropped
 * with it; false when what follows on the connection cannot be read any more.
 */
bool intake_skip_body(struct intake *intake);

/* Drops the request that was read; what follows it is kept. */
void intake_next(struct intake *intake, struct intake_home *home);

/* Drops everything. */
void intake_release(struct intake *intake, struct intake_home *home);

#endif
