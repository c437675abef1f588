#include "serve/intake.h"

#include <string.h>

#include "runner.h"

static struct intake_home home;
static struct arena memory;
static struct intake intake;
static struct http_request request;

static void open_home(size_t body_memory_size)
{
    struct serve_limits limits = serve_limits_default();
    limits.connection_count = 4;
    limits.body_memory_size = body_memory_size;
    intake = (struct intake){0};
    expect_ok("memory", arena_open(&memory, intake_home_memory_size(&limits)));
    expect_ok("home", intake_home_init(&home, &memory, &limits));
}

static void close_home(void)
{
    expect_u64("no block is left", memories_used_count(&home.blocks), 0);
    expect_u64("no wide one", memories_used_count(&home.wide_blocks), 0);
    expect_u64("no page", pages_used_size(&home.pages), 0);
    arena_close(&memory);
}

/* Gives it bytes, as many as it wants at once; returns how many. */
static size_t give(slice bytes, bool is_first, status *got)
{
    size_t size;
    uint8_t *space = intake_space(&intake, &home, is_first, &size);
    *got = status_ok();
    if (!space) return 0;
    if (bytes.size < size) size = bytes.size;
    memcpy(space, bytes.bytes, size);
    *got = intake_add(&intake, &home, size);
    return size;
}

static bool head_is_there(void)
{
    bool is_there = false;
    expect_ok("head", intake_read_head(&intake, &request, &is_there));
    return is_there;
}

/* A head that outgrows its block moves to a wide one, and what follows it moves back. */
static void blocks(void)
{
    static char text[6000];
    status got;
    open_home(SERVE_BODY_MEMORY_SIZE);
    expect_true("empty", intake_is_empty(&intake));
    memset(text, 'x', sizeof text);
    memcpy(text, "GET / HTTP/1.1\r\nHost: a\r\nX: ", 28);
    memcpy(text + 4000, "\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n", 32);
    size_t sent = give(slice_of(text, 4032), true, &got);
    expect_u64("a block's worth", sent, INTAKE_BLOCK_SIZE);
    expect_true("not yet", !head_is_there() && !intake.is_wide);
    sent += give(slice_of(text + sent, 4032 - sent), true, &got);
    expect_true("wide", intake.is_wide && sent == 4032);
    expect_u64("one of each is enough", memories_used_count(&home.blocks), 0);
    expect_true("there", head_is_there());
    expect_ok("no body", intake_start_body(&intake, 0));
    expect_true("whole", intake_is_whole(&intake));
    intake_next(&intake, &home);
    expect_true("back", !intake.is_wide && !intake_is_empty(&intake));
    expect_true("the next", head_is_there());
    expect_text("target", request.target, "/2");
    expect_ok("no body", intake_start_body(&intake, 0));
    intake_next(&intake, &home);
    expect_true("nothing is left", intake_is_empty(&intake));
    close_home();
}

/* Wide blocks are few: without one a head waits, and goes on when there is one. */
static void wide_blocks_run_out(void)
{
    static char text[3000];
    struct arena *taken[INTAKE_WIDE_BLOCK_COUNT_MIN];
    status got;
    open_home(SERVE_BODY_MEMORY_SIZE);
    for (size_t i = 0; i < INTAKE_WIDE_BLOCK_COUNT_MIN; i++) {
        taken[i] = memories_take(&home.wide_blocks);
    }
    memset(text, 'x', sizeof text);
    expect_u64("a block's worth", give(slice_of(text, 3000), true, &got), INTAKE_BLOCK_SIZE);
    expect_u64("no more", give(slice_of(text, 3000), true, &got), 0);
    for (size_t i = 0; i < INTAKE_WIDE_BLOCK_COUNT_MIN; i++) {
        memories_give_back(&home.wide_blocks, taken[i]);
    }
    expect_u64("goes on", give(slice_of(text, 3000), true, &got), 3000);
    intake_release(&intake, &home);
    close_home();
}

/* Where a body lies: behind its head if there is room, else in pages. */
static void bodies(void)
{
    static const struct {
        const char *name, *text;
        bool is_paged;
    } rows[] = {
        {"small", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcNEXT", false},
        {"chunked",
         "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1\r\na\r\n2\r\nbc\r\n0\r\n\r\nNEXT",
         true},
    };
    open_home(SERVE_BODY_MEMORY_SIZE);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        SCOPED(arena_close) struct arena joined = {0};
        status got;
        slice body = {0};
        bool is_starved;
        runner_row(rows[i].name);
        expect_ok("memory", arena_open(&joined, 100));
        give(slice_text(rows[i].text), true, &got);
        expect_true("head", head_is_there());
        expect_ok("start", intake_start_body(&intake, 3));
        expect_ok("advance", intake_advance(&intake, &home, true, &is_starved));
        expect_true("whole", intake_is_whole(&intake) && !is_starved);
        expect_true("where", intake.is_paged == rows[i].is_paged);
        expect_u64("size", intake_body_size(&intake), 3);
        expect_ok("join", intake_join_body(&intake, &home, &joined, &body));
        expect_text("body", body, "abc");
        intake_next(&intake, &home);
        expect_bytes("what follows", slice_of(intake.block->memory, intake.block->used_size),
                     slice_text("NEXT"));
        intake_release(&intake, &home);
    }
    close_home();
}

/* Only the body that has been arriving for longest is given the pages that are kept. */
static void kept_pages(void)
{
    static char bytes[8192];
    status got;
    open_home((INTAKE_KEPT_PAGE_COUNT + 4) * (size_t)PAGES_PAGE_SIZE);
    give(slice_text("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n"), false, &got);
    expect_true("head", head_is_there());
    expect_ok("start", intake_start_body(&intake, SERVE_BODY_SIZE_MAX));
    expect_true("awaited", intake_is_body_awaited(&intake));
    size_t size = 0, sent;
    while ((sent = give(slice_of(bytes, sizeof bytes), false, &got)) > 0) size += sent;
    expect_u64("what is not kept", size, 4 * PAGES_DATA_SIZE);
    while ((sent = give(slice_part(slice_of(bytes, sizeof bytes), 0, 200000 - size), true, &got))) {
        size += sent;
        expect_ok("add", got);
    }
    expect_u64("the first is given all", size, 200000);
    expect_true("whole", intake_is_whole(&intake));
    intake_release(&intake, &home);
    close_home();
}

/* A body that nobody wants is dropped if it is there, else nothing more can be read. */
static void skipping(void)
{
    static const struct {
        const char *name, *text;
        bool is_skipped;
    } rows[] = {
        {"none", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", true},
        {"there", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", true},
        {"cut", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab", false},
        {"chunked", "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         false},
    };
    open_home(SERVE_BODY_MEMORY_SIZE);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        status got;
        runner_row(rows[i].name);
        give(slice_text(rows[i].text), true, &got);
        expect_true("head", head_is_there());
        expect_true("skipped", intake_skip_body(&intake) == rows[i].is_skipped);
        intake_next(&intake, &home);
        expect_true("nothing is left", intake_is_empty(&intake));
    }
    close_home();
}

static void limits(void)
{
    status got;
    open_home(SERVE_BODY_MEMORY_SIZE);
    give(slice_text("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"), true, &got);
    expect_true("head", head_is_there());
    expect_refused("length", intake_start_body(&intake, 10), "http: body is too long");
    expect_ok("at the limit", intake_start_body(&intake, 11));
    intake_release(&intake, &home);
    give(slice_text("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"), true, &got);
    expect_true("head", head_is_there());
    expect_ok("start", intake_start_body(&intake, 10));
    give(slice_text("b\r\n"), true, &got);
    expect_refused("chunk", got, "http: body is too long");
    intake_release(&intake, &home);
    close_home();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"blocks", blocks},     {"wide blocks run out", wide_blocks_run_out},
        {"bodies", bodies},     {"kept pages", kept_pages},
        {"skipping", skipping}, {"limits", limits},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
