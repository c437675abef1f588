#include "parent/record_cache.h"

#include <string.h>

#include "runner.h"

static struct record_cache cache;

static struct cached_record make(uint8_t number, uint8_t content)
{
    struct cached_record record = {.record_size = 500};
    memset(record.id.bytes, number, sizeof record.id.bytes);
    memset(record.address.bytes, number + 1, sizeof record.address.bytes);
    memset(record.record, content, record.record_size);
    return record;
}

static void put(uint8_t number, uint8_t content)
{
    const struct cached_record record = make(number, content);
    record_cache_put(&cache, &record);
}

/* What is kept for this number; -1 when nothing is. Both ways to it must agree. */
static int content_of(uint8_t number)
{
    const struct cached_record wanted = make(number, 0);
    struct cached_record by_id, by_address;
    const bool has_id = record_cache_find_id(&cache, &wanted.id, &by_id);
    const bool has_address = record_cache_find_address(&cache, wanted.address, &by_address);
    expect_true("both ways agree", has_id == has_address);
    if (!has_id || !has_address) return -1;
    expect_u64("size", by_id.record_size, 500);
    expect_u64("same content", by_id.record[499], by_address.record[499]);
    return by_id.record[0];
}

static void oldest_makes_room(void)
{
    expect_ok("open", record_cache_open(&cache, 3, 7));
    for (uint8_t i = 1; i <= 3; i++) put(i, i);
    expect_true("1 is there and now the newest", content_of(1) == 1);
    put(4, 4);
    expect_true("2 made room", content_of(2) == -1);
    expect_true("1", content_of(1) == 1);
    expect_true("3", content_of(3) == 3);
    expect_true("4", content_of(4) == 4);
    expect_u64("entries", record_cache_read_counts(&cache).entry_count, 3);
    record_cache_close(&cache);
}

static void replacing(void)
{
    expect_ok("open", record_cache_open(&cache, 3, 7));
    put(1, 1);
    put(1, 9);
    expect_true("the newer one", content_of(1) == 9);
    expect_u64("one entry", record_cache_read_counts(&cache).entry_count, 1);
    record_cache_close(&cache);
}

static void dropping(void)
{
    expect_ok("open", record_cache_open(&cache, 4, 7));
    for (uint8_t i = 1; i <= 4; i++) put(i, i);
    const struct cached_record second = make(2, 0), unknown = make(77, 0);
    record_cache_drop(&cache, &second.id);
    record_cache_drop(&cache, &unknown.id);
    expect_true("2 is gone", content_of(2) == -1);
    expect_true("4 has moved", content_of(4) == 4);
    put(5, 5);
    put(6, 6);
    expect_true("1, the oldest, made room", content_of(1) == -1);
    expect_true("3", content_of(3) == 3);
    record_cache_close(&cache);
}

static void sizes(void)
{
    expect_ok("open", record_cache_open(&cache, 3, 7));
    struct cached_record record = make(1, 1);
    record.record_size = RECORD_CACHE_RECORD_SIZE_MAX;
    record_cache_put(&cache, &record);
    struct cached_record found;
    expect_true("the largest is kept", record_cache_find_id(&cache, &record.id, &found));
    expect_u64("whole", found.record_size, RECORD_CACHE_RECORD_SIZE_MAX);
    record.id.bytes[0] = 99;
    record.record_size = RECORD_CACHE_RECORD_SIZE_MAX + 1;
    record_cache_put(&cache, &record);
    expect_true("a larger one is not", !record_cache_find_id(&cache, &record.id, &found));
    record_cache_close(&cache);
    expect_kind("too many", record_cache_open(&cache, RECORD_CACHE_COUNT_MAX + 1, 7),
                FAILURE_OVER_LIMIT);
}

static void off(void)
{
    cache = (struct record_cache){0};
    put(1, 1);
    expect_true("closed finds nothing", content_of(1) == -1);
    expect_ok("open with no room", record_cache_open(&cache, 0, 7));
    put(1, 1);
    expect_true("keeps nothing", content_of(1) == -1);
    record_cache_close(&cache);
    record_cache_close(&cache);
}

/* Against the simplest model there is: what was put last for a number, among the latest used. */
static void like_a_model(void)
{
    enum { COUNT = 8, NUMBERS = 20 };
    uint8_t order[COUNT] = {0}, contents[NUMBERS] = {0};
    size_t count = 0;
    expect_ok("open", record_cache_open(&cache, COUNT, runner_random_u64()));
    for (int step = 0; step < 5000; step++) {
        const uint8_t number = (uint8_t)(1 + runner_random_u64() % (NUMBERS - 1));
        const unsigned action = runner_random_u64() % 8;
        size_t at = 0;
        while (at < count && order[at] != number) at++;
        const bool is_there = at < count;
        if (action < 4) {
            const int wanted = is_there ? contents[number] : -1;
            if (!expect_true("found as the model says", content_of(number) == wanted)) break;
        } else if (action < 7) {
            contents[number] = (uint8_t)step;
            put(number, (uint8_t)step);
        } else {
            const struct cached_record record = make(number, 0);
            record_cache_drop(&cache, &record.id);
        }
        if (is_there) {
            memmove(order + at, order + at + 1, count - at - 1);
            count--;
        }
        if (action >= 7 || (action < 4 && !is_there)) continue;
        if (count == COUNT) memmove(order, order + 1, --count);
        order[count++] = number;
    }
    expect_u64("as many", record_cache_read_counts(&cache).entry_count, count);
    record_cache_close(&cache);
}

static int64_t now_ms;

static int64_t read_now(void *context)
{
    (void)context;
    return now_ms;
}

static void ages(void)
{
    expect_ok("open", record_cache_open(&cache, 3, 7));
    cache.clock = (struct clock){read_now, read_now, NULL};
    now_ms = 1000;
    put(1, 1);
    put(2, 2);
    now_ms = 1000 + RECORD_CACHE_AGE_MS_MAX - 1;
    expect_true("old", content_of(1) == 1);
    put(2, 3);
    now_ms++;
    expect_true("too old, although just used", content_of(1) == -1);
    expect_true("put anew", content_of(2) == 3);
    put(1, 4);
    expect_true("read anew", content_of(1) == 4);
    put(3, 3);
    now_ms += RECORD_CACHE_AGE_MS_MAX - 1;
    const struct cached_record first = make(1, 0);
    record_cache_drop(&cache, &first.id);
    expect_true("its age moves with it", content_of(3) == 3);
    now_ms++;
    expect_true("to the end", content_of(3) == -1);
    record_cache_close(&cache);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"oldest makes room", oldest_makes_room},
        {"replacing", replacing},
        {"dropping", dropping},
        {"sizes", sizes},
        {"off", off},
        {"ages", ages},
        {"like a model", like_a_model},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
