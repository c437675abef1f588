#include "enclave/blocks.h"

#include <string.h>

#include "base/secret.h"

static void push(struct block **list, struct block *block)
{
    block->next = *list;
    *list = block;
}

static struct block *pop(struct block **list)
{
    struct block *block = *list;
    if (block) *list = block->next;
    return block;
}

/* From small to large. */
static const struct {
    size_t size, count;
} kinds[BLOCKS_KIND_COUNT] = {
    {BLOCKS_SMALL_SIZE, BLOCKS_SMALL_COUNT},
    {BLOCKS_MEDIUM_SIZE, BLOCKS_MEDIUM_COUNT},
    {FRAME_SIZE_MAX, BLOCKS_LARGE_COUNT},
};

static void blocks_fill(struct blocks *blocks, uint8_t *memory)
{
    struct block *block = blocks->all;
    for (size_t kind = 0; kind < BLOCKS_KIND_COUNT; kind++) {
        for (size_t i = 0; i < kinds[kind].count; i++) {
            *block = (struct block){.bytes = memory, .size_max = kinds[kind].size, .kind = kind};
            memory += block->size_max;
            push(&blocks->free[kind], block++);
        }
    }
}

status blocks_open(struct blocks *blocks)
{
    void *memory;
    memset(blocks, 0, sizeof *blocks);
    TRY(arena_open(&blocks->memory, BLOCKS_MEMORY_SIZE));
    const status taken = arena_take(&blocks->memory, BLOCKS_MEMORY_SIZE, &memory);
    if (!status_is_ok(taken)) {
        arena_close(&blocks->memory);
        return taken;
    }
    /* Blocks are wiped when they are given back; wiping all here would make it real memory. */
    blocks->memory.used_size = 0;
    blocks_fill(blocks, memory);
    pthread_mutex_init(&blocks->mutex, NULL);
    blocks->is_open = true;
    return status_ok();
}

void blocks_close(struct blocks *blocks)
{
    if (!blocks->is_open) return;
    for (size_t i = 0; i < ARRAY_COUNT(blocks->all); i++) {
        secret_wipe(blocks->all[i].bytes, blocks->all[i].size);
    }
    arena_close(&blocks->memory);
    pthread_mutex_destroy(&blocks->mutex);
    blocks->is_open = false;
}

struct block *blocks_take(struct blocks *blocks, size_t size)
{
    struct block *block = NULL;
    pthread_mutex_lock(&blocks->mutex);
    for (size_t kind = 0; kind < BLOCKS_KIND_COUNT && !block; kind++) {
        if (size <= kinds[kind].size) block = pop(&blocks->free[kind]);
    }
    pthread_mutex_unlock(&blocks->mutex);
    if (block) block->next = NULL;
    return block;
}

void blocks_give(struct blocks *blocks, struct block *block)
{
    if (!block) return;
    secret_wipe(block->bytes, block->size);
    block->size = 0;
    pthread_mutex_lock(&blocks->mutex);
    push(&blocks->free[block->kind], block);
    pthread_mutex_unlock(&blocks->mutex);
}

slice block_view(const struct block *block)
{
    return slice_of(block->bytes, block->size);
}
