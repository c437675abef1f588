#include "link/book.h"

#include "runner.h"

static struct arena memory;
static struct book book;

static void open_book(void)
{
    expect_ok("arena", arena_open(&memory, BOOK_MEMORY_SIZE + 64));
    expect_ok("book", book_init(&book, &memory));
}

static void every_place_once(void)
{
    static struct link_call calls[LINK_CALL_COUNT_MAX];
    open_book();
    for (size_t i = 0; i < LINK_CALL_COUNT_MAX; i++) book_enter(&book, &calls[i]);
    expect_u64("full", book_count(&book), LINK_CALL_COUNT_MAX);
    for (size_t i = 0; i < LINK_CALL_COUNT_MAX; i++) {
        struct link_call *found = NULL;
        expect_ok("find", book_find(&book, calls[i].req_id, &found));
        if (!expect_true("its own", found == &calls[i])) break;
    }
    for (size_t i = 0; i < LINK_CALL_COUNT_MAX; i++) book_leave(&book, &calls[i]);
    expect_u64("empty", book_count(&book), 0);
    arena_close(&memory);
}

static void numbers_are_not_used_again(void)
{
    static struct link_call first, second;
    struct link_call *found = &first;
    open_book();
    book_enter(&book, &first);
    const uint64_t old = first.req_id;
    expect_ok("there", book_find(&book, old, &found));
    expect_true("itself", found == &first);
    book_leave(&book, &first);
    book_enter(&book, &second);
    expect_true("another number", second.req_id != old);
    expect_ok("one that has left", book_find(&book, old, &found));
    expect_true("is nobody", found == NULL);
    arena_close(&memory);
}

static void numbers_never_given(void)
{
    static struct link_call call;
    struct link_call *found;
    open_book();
    const uint64_t step = LINK_CALL_COUNT_MAX;
    expect_refused("none yet", book_find(&book, step, &found),
                   "link: an answer to what was not asked");
    book_enter(&book, &call);
    expect_refused("0", book_find(&book, 0, &found), "link: an answer to what was not asked");
    expect_refused("below the first", book_find(&book, step - 1, &found),
                   "link: an answer to what was not asked");
    expect_ok("its number, another place", book_find(&book, call.req_id ^ 1, &found));
    expect_true("is nobody", found == NULL);
    expect_refused("the next", book_find(&book, call.req_id + step, &found),
                   "link: an answer to what was not asked");
    expect_refused("the last", book_find(&book, UINT64_MAX, &found),
                   "link: an answer to what was not asked");
    arena_close(&memory);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"every place once", every_place_once},
        {"numbers are not used again", numbers_are_not_used_again},
        {"numbers never given", numbers_never_given},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
