#include "enclave/blocks.h"

#include <string.h>

#include "runner.h"

static struct blocks blocks;

static void sizes(void)
{
    static const struct {
        size_t wanted, given;
    } rows[] = {
        {0, BLOCKS_SMALL_SIZE},
        {BLOCKS_SMALL_SIZE, BLOCKS_SMALL_SIZE},
        {BLOCKS_SMALL_SIZE + 1, BLOCKS_MEDIUM_SIZE},
        {BLOCKS_MEDIUM_SIZE, BLOCKS_MEDIUM_SIZE},
        {BLOCKS_MEDIUM_SIZE + 1, FRAME_SIZE_MAX},
        {FRAME_SIZE_MAX, FRAME_SIZE_MAX},
    };
    expect_ok("open", blocks_open(&blocks));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row_at("size", rows[i].wanted);
        struct block *block = blocks_take(&blocks, rows[i].wanted);
        if (!expect_true("there", block != NULL)) continue;
        expect_u64("room", block->size_max, rows[i].given);
        blocks_give(&blocks, block);
    }
    runner_row(NULL);
    expect_true("nothing is larger", !blocks_take(&blocks, FRAME_SIZE_MAX + 1));
    blocks_give(&blocks, NULL);
    blocks_close(&blocks);
}

/* When the small ones are used up the next larger serve, until all are used. */
static void all_of_them(void)
{
    static struct block *taken[BLOCKS_COUNT];
    expect_ok("open", blocks_open(&blocks));
    for (size_t i = 0; i < BLOCKS_COUNT; i++) {
        taken[i] = blocks_take(&blocks, 1);
        if (!expect_true("there", taken[i] != NULL)) return;
        memset(taken[i]->bytes, 7, 1);
    }
    expect_true("no more", !blocks_take(&blocks, 1));
    for (size_t i = 0; i < BLOCKS_COUNT; i++) blocks_give(&blocks, taken[i]);
    struct block *block = blocks_take(&blocks, FRAME_SIZE_MAX);
    expect_true("again", block && block->size_max == FRAME_SIZE_MAX);
    blocks_close(&blocks);
}

static void given_back_is_wiped(void)
{
    static const uint8_t zeros[100];
    expect_ok("open", blocks_open(&blocks));
    struct block *block = blocks_take(&blocks, 100);
    memset(block->bytes, 7, 100);
    block->size = 100;
    expect_bytes("view", block_view(block), slice_of(block->bytes, 100));
    blocks_give(&blocks, block);
    expect_bytes("wiped", slice_of(block->bytes, 100), slice_of(zeros, 100));
    expect_u64("empty", block->size, 0);
    blocks_close(&blocks);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"sizes", sizes},
        {"all of them", all_of_them},
        {"given back is wiped", given_back_is_wiped},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
