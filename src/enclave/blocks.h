/*
 * blocks: the bounded memory for what outlives one turn: frames that have arrived in part, requests
 * that wait, answers that the peer does not take yet.
 *
 * Small blocks hold a usual request without its credentials, or its answer; middling ones one with
 * them; the few large ones any frame. Memory never used costs nothing but addresses. A block is wiped when it is given
 * back. Any thread may take one and any may give it back.
 */
#ifndef ENCLAVE_BLOCKS_H
#define ENCLAVE_BLOCKS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"
#include "base/status.h"
#include "proto/frame.h"

enum {
    BLOCKS_SMALL_SIZE = 2 << 10,
    BLOCKS_SMALL_COUNT = 4352, /* every request that waits, and every connection */
    BLOCKS_MEDIUM_SIZE = 16 << 10,
    BLOCKS_MEDIUM_COUNT = 2112, /* every call to KMS */
    BLOCKS_LARGE_COUNT = 160,   /* for every connection a long frame and kept answers, and more */
    BLOCKS_COUNT = BLOCKS_SMALL_COUNT + BLOCKS_MEDIUM_COUNT + BLOCKS_LARGE_COUNT,
    BLOCKS_MEMORY_SIZE = BLOCKS_SMALL_SIZE * BLOCKS_SMALL_COUNT +
                         BLOCKS_MEDIUM_SIZE * BLOCKS_MEDIUM_COUNT +
                         FRAME_SIZE_MAX * BLOCKS_LARGE_COUNT,
    BLOCKS_KIND_COUNT = 3,
};

/* The holder's. */
struct block {
    uint8_t *bytes;
    size_t size_max;
    size_t size; /* used: wiped when it is given back */
    size_t kind;
    struct block *next;  /* for the holder's lists */
    size_t mark;         /* the holder's */
    uint32_t generation; /* likewise */
};

/* `{0}` is closed. */
struct blocks {
    struct arena memory;
    pthread_mutex_t mutex;
    struct block *free[BLOCKS_KIND_COUNT];
    struct block all[BLOCKS_COUNT];
    bool is_open;
};

MUST_CHECK status blocks_open(struct blocks *blocks);
/* Whoever holds one must not use it any more. */
void blocks_close(struct blocks *blocks);

/* The smallest free block with room for `size` bytes; NULL when there is none. */
struct block *blocks_take(struct blocks *blocks, size_t size);
/* Wipes and gives back; NULL is none. */
void blocks_give(struct blocks *blocks, struct block *block);

slice block_view(const struct block *block);

#endif
