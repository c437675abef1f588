#include "serve/intake.h"

#include <assert.h>
#include <string.h>

#include "base/secret.h"

static size_t wide_count_of(const struct serve_limits *limits)
{
    const size_t share = limits->connection_count / 16;
    return share > INTAKE_WIDE_BLOCK_COUNT_MIN ? share : INTAKE_WIDE_BLOCK_COUNT_MIN;
}

size_t intake_home_memory_size(const struct serve_limits *limits)
{
    return memories_memory_size(limits->connection_count, INTAKE_BLOCK_SIZE) +
           memories_memory_size(wide_count_of(limits), INTAKE_WIDE_BLOCK_SIZE) +
           limits->body_memory_size + INTAKE_SCRATCH_SIZE + PAGES_PAGE_SIZE;
}

status intake_home_init(struct intake_home *home, struct arena *memory,
                        const struct serve_limits *limits)
{
    void *scratch;
    TRY(memories_init(&home->blocks, memory, limits->connection_count, INTAKE_BLOCK_SIZE));
    TRY(memories_init(&home->wide_blocks, memory, wide_count_of(limits), INTAKE_WIDE_BLOCK_SIZE));
    TRY(pages_init(&home->pages, memory, limits->body_memory_size));
    TRY(arena_take(memory, INTAKE_SCRATCH_SIZE, &scratch));
    home->scratch = scratch;
    return status_ok();
}

bool intake_is_empty(const struct intake *intake)
{
    return !intake->block;
}

static void give_block_back(struct intake *intake, struct intake_home *home)
{
    memories_give_back(intake->is_wide ? &home->wide_blocks : &home->blocks, intake->block);
    intake->block = NULL;
    intake->is_wide = false;
}

/* Moves what has arrived to a block of the other kind. False when there is none. */
static bool change_block(struct intake *intake, struct intake_home *home)
{
    const bool to_wide = !intake->is_wide;
    struct arena *other = memories_take(to_wide ? &home->wide_blocks : &home->blocks);
    if (!other) return false;
    memcpy(other->memory, intake->block->memory, intake->block->used_size);
    other->used_size = intake->block->used_size;
    give_block_back(intake, home);
    intake->block = other;
    intake->is_wide = to_wide;
    return true;
}

static uint8_t *block_space(struct intake *intake, size_t *size)
{
    *size = intake->block->size_max - intake->block->used_size;
    return *size > 0 ? intake->block->memory + intake->block->used_size : NULL;
}

/* What belongs to the next request must fit behind the head, in the block. */
static uint8_t *page_space(struct intake *intake, struct intake_home *home, bool is_first,
                           size_t *size)
{
    const size_t block_room = intake->block->size_max - intake->block->used_size;
    const uint64_t certain_size = http_body_left_size(&intake->body) + block_room;
    const size_t room =
        pages_room(&home->pages, &intake->chain, is_first ? 0 : INTAKE_KEPT_PAGE_COUNT);
    *size = certain_size < INTAKE_SCRATCH_SIZE ? (size_t)certain_size : INTAKE_SCRATCH_SIZE;
    if (room < *size) *size = room;
    return *size > 0 ? home->scratch : NULL;
}

uint8_t *intake_space(struct intake *intake, struct intake_home *home, bool is_first, size_t *size)
{
    if (!intake->block) intake->block = memories_take(&home->blocks);
    assert(intake->block);
    if (intake->stage == INTAKE_BODY && intake->is_paged) {
        return page_space(intake, home, is_first, size);
    }
    uint8_t *space = block_space(intake, size);
    if (space || intake->is_wide || !change_block(intake, home)) return space;
    return block_space(intake, size);
}

/* Takes data out of the input and puts them into pages, for which there must be room. */
static status collect(struct intake *intake, struct intake_home *home, slice *input)
{
    while (input->size > 0 && !http_body_is_done(&intake->body)) {
        slice data = {0};
        TRY(http_body_take(&intake->body, input, &data));
        page_chain_put(&intake->chain, &home->pages, data);
    }
    if (http_body_is_done(&intake->body)) intake->stage = INTAKE_WHOLE;
    return status_ok();
}

static status add_to_pages(struct intake *intake, struct intake_home *home, size_t size)
{
    slice input = slice_of(home->scratch, size);
    const status collected = collect(intake, home, &input);
    if (status_is_ok(collected) && input.size > 0) {
        memcpy(intake->block->memory + intake->block->used_size, input.bytes, input.size);
        intake->block->used_size += input.size;
    }
    secret_wipe(home->scratch, size);
    return collected;
}

status intake_add(struct intake *intake, struct intake_home *home, size_t size)
{
    if (intake->stage == INTAKE_BODY && intake->is_paged) return add_to_pages(intake, home, size);
    intake->block->used_size += size;
    return status_ok();
}

status intake_read_head(struct intake *intake, struct http_request *request, bool *is_there)
{
    *is_there = false;
    if (!intake->block) return status_ok();
    const slice received = slice_of(intake->block->memory, intake->block->used_size);
    TRY(http_head_find(&intake->search, received, SERVE_HEAD_SIZE_MAX, &intake->head_size));
    if (intake->head_size == 0) {
        /* A wide block that is full would be waited for ever. */
        if (received.size < SERVE_HEAD_SIZE_MAX) return status_ok();
        FAIL(OVER_LIMIT, intake->search.line_offset > 0 ? 431 : 414, "http: head is too long");
    }
    TRY(http_request_parse(slice_part(received, 0, intake->head_size), request, &intake->framing));
    intake->stage = INTAKE_HEAD_READ;
    *is_there = true;
    return status_ok();
}

status intake_start_body(struct intake *intake, uint64_t size_max)
{
    TRY(http_body_start(&intake->body, &intake->framing, size_max));
    const size_t room = intake->block->size_max - intake->head_size;
    intake->is_paged = intake->framing.is_chunked || intake->framing.length > room;
    intake->stage = http_body_is_done(&intake->body) ? INTAKE_WHOLE : INTAKE_BODY;
    return status_ok();
}

/* Moves into pages what came into the block behind the head. */
static status advance_pages(struct intake *intake, struct intake_home *home, bool is_first,
                            bool *is_starved)
{
    struct arena *block = intake->block;
    const slice behind =
        slice_part(slice_of(block->memory, block->used_size), intake->head_size, block->used_size);
    const size_t room =
        pages_room(&home->pages, &intake->chain, is_first ? 0 : INTAKE_KEPT_PAGE_COUNT);
    slice input = slice_part(behind, 0, room);
    const size_t offered_size = input.size;
    *is_starved = offered_size < behind.size;
    TRY(collect(intake, home, &input));
    if (intake->stage == INTAKE_WHOLE) *is_starved = false;
    const size_t taken_size = offered_size - input.size;
    memmove(block->memory + intake->head_size, behind.bytes + taken_size, behind.size - taken_size);
    secret_wipe(block->memory + block->used_size - taken_size, taken_size);
    block->used_size -= taken_size;
    return status_ok();
}

status intake_advance(struct intake *intake, struct intake_home *home, bool is_first,
                      bool *is_starved)
{
    *is_starved = false;
    if (intake->stage != INTAKE_BODY) return status_ok();
    const size_t behind_size = intake->block->used_size - intake->head_size;
    if (!intake->is_paged) {
        if (behind_size >= intake->framing.length) intake->stage = INTAKE_WHOLE;
        return status_ok();
    }
    if (behind_size == 0) return status_ok();
    return advance_pages(intake, home, is_first, is_starved);
}

bool intake_is_whole(const struct intake *intake)
{
    return intake->stage == INTAKE_WHOLE;
}

bool intake_is_body_awaited(const struct intake *intake)
{
    return intake->stage == INTAKE_BODY && intake->block->used_size == intake->head_size;
}

size_t intake_body_size(const struct intake *intake)
{
    return intake->is_paged ? intake->chain.size : (size_t)intake->framing.length;
}

status intake_join_body(struct intake *intake, struct intake_home *home, struct arena *memory,
                        slice *body)
{
    void *joined;
    if (!intake->is_paged) {
        *body = slice_of(intake->block->memory + intake->head_size, intake_body_size(intake));
        return status_ok();
    }
    const size_t size = intake->chain.size;
    TRY(arena_take(memory, size, &joined));
    page_chain_copy(&intake->chain, joined, size);
    page_chain_release(&intake->chain, &home->pages);
    *body = slice_of(joined, size);
    return status_ok();
}

bool intake_skip_body(struct intake *intake)
{
    if (intake->stage == INTAKE_WHOLE) return true;
    if (intake->stage != INTAKE_HEAD_READ || intake->framing.is_chunked) return false;
    const size_t behind_size = intake->block->used_size - intake->head_size;
    intake->stage = behind_size >= intake->framing.length ? INTAKE_WHOLE : INTAKE_BODY;
    return intake->stage == INTAKE_WHOLE;
}

void intake_next(struct intake *intake, struct intake_home *home)
{
    struct arena *block = intake->block;
    const bool is_whole = intake->stage == INTAKE_WHOLE;
    if (!block) return;
    page_chain_release(&intake->chain, &home->pages);
    /* Without the end of this request there is no start of another. */
    const size_t body_size = intake->is_paged ? 0 : (size_t)intake->framing.length;
    const size_t end = is_whole ? intake->head_size + body_size : block->used_size;
    const size_t rest_size = block->used_size - end;
    const bool is_wide = intake->is_wide;
    *intake = (struct intake){.block = block, .is_wide = is_wide};
    if (rest_size == 0) {
        give_block_back(intake, home);
        return;
    }
    memmove(block->memory, block->memory + end, rest_size);
    secret_wipe(block->memory + rest_size, end);
    block->used_size = rest_size;
    if (is_wide && rest_size <= INTAKE_BLOCK_SIZE) (void)change_block(intake, home);
}

void intake_release(struct intake *intake, struct intake_home *home)
{
    page_chain_release(&intake->chain, &home->pages);
    if (intake->block) give_block_back(intake, home);
    *intake = (struct intake){0};
}
