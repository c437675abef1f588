#include "wallet/data_keys.h"

#include <stdalign.h>
#include <string.h>

#include "runner.h"

enum { COUNT_MAX = 64, LIFETIME_MS = 300000 };

static alignas(max_align_t) uint8_t memory[1 << 16];

static hash32 id_of(uint64_t number)
{
    return sha256(slice_of(&number, sizeof number));
}

/* A key whose bytes are recognised when the memory is searched. */
static struct data_key key_of(uint8_t mark)
{
    struct secret32 key;
    struct data_key data_key;
    memset(key.bytes, mark, sizeof key.bytes);
    data_key_init(&data_key, &key);
    return data_key;
}

static size_t traces_of(uint8_t mark)
{
    uint8_t pattern[32];
    size_t count = 0;
    memset(pattern, mark, sizeof pattern);
    for (size_t i = 0; i + sizeof pattern <= sizeof memory; i++) {
        count += memcmp(memory + i, pattern, sizeof pattern) == 0;
    }
    return count;
}

static enum data_keys_answer ask(struct data_keys *keys, uint64_t number, int64_t now_ms,
                                 uint8_t mark)
{
    struct data_key found = key_of(0xee);
    enum data_keys_answer answer = DATA_KEYS_WAIT;
    expect_ok("find", data_keys_find(keys, id_of(number), now_ms, &found, &answer));
    expect_u64("key", found.key.bytes[31], answer == DATA_KEYS_HIT ? mark : 0xee);
    return answer;
}

static void put(struct data_keys *keys, uint64_t number, int64_t now_ms, uint8_t mark)
{
    const struct data_key key = key_of(mark);
    data_keys_put(keys, id_of(number), now_ms, &key);
}

static void one_fetch_a_key(void)
{
    struct data_keys keys;
    expect_true("memory", data_keys_memory_size(COUNT_MAX) <= sizeof memory);
    data_keys_init(&keys, memory, COUNT_MAX, LIFETIME_MS);
    expect_true("first fetches", ask(&keys, 1, 0, 0) == DATA_KEYS_FETCH);
    expect_true("second waits", ask(&keys, 1, 0, 0) == DATA_KEYS_WAIT);
    expect_true("another key is fetched", ask(&keys, 2, 0, 0) == DATA_KEYS_FETCH);
    data_keys_abandon(&keys, id_of(1));
    expect_true("after failing, fetched again", ask(&keys, 1, 0, 0) == DATA_KEYS_FETCH);
    put(&keys, 1, 0, 0x71);
    expect_true("hit", ask(&keys, 1, 0, 0x71) == DATA_KEYS_HIT);
    expect_true("the other still waits", ask(&keys, 2, 0, 0) == DATA_KEYS_WAIT);
    data_keys_abandon(&keys, id_of(99));
    expect_u64("abandoning what nobody fetches does nothing", keys.fetch_count, 1);
    put(&keys, 3, 0, 0x73);
    expect_true("put without a fetch", ask(&keys, 3, 0, 0x73) == DATA_KEYS_HIT);
}

static void expiry(void)
{
    struct data_keys keys;
    data_keys_init(&keys, memory, COUNT_MAX, LIFETIME_MS);
    put(&keys, 1, 1000, 0x81);
    expect_true("the last moment", ask(&keys, 1, 1000 + LIFETIME_MS - 1, 0x81) == DATA_KEYS_HIT);
    put(&keys, 1, 1000 + LIFETIME_MS - 1, 0x82);
    expect_true("replaced", ask(&keys, 1, 1000 + LIFETIME_MS - 1, 0x82) == DATA_KEYS_HIT);
    expect_u64("the old one is gone", traces_of(0x81), 0);
    expect_true("use did not prolong it", ask(&keys, 1, 1000 + LIFETIME_MS, 0) == DATA_KEYS_FETCH);
    expect_u64("wiped when found expired", traces_of(0x82), 0);
    put(&keys, 2, 0, 0x83);
    put(&keys, 3, 10, 0x84);
    put(&keys, 4, 20, 0x85);
    data_keys_expire(&keys, LIFETIME_MS + 9);
    expect_u64("wiped by the sweep", traces_of(0x83), 0);
    expect_u64("not yet", traces_of(0x84), 1);
    data_keys_expire(&keys, LIFETIME_MS + 10);
    expect_u64("now", traces_of(0x84), 0);
    expect_u64("one is left", keys.count, 1);
    expect_true("it is", ask(&keys, 4, LIFETIME_MS, 0x85) == DATA_KEYS_HIT);
}

static void eviction(void)
{
    struct data_keys keys;
    data_keys_init(&keys, memory, 3, LIFETIME_MS);
    put(&keys, 1, 0, 0x91);
    put(&keys, 2, 0, 0x92);
    put(&keys, 3, 0, 0x93);
    expect_true("use the oldest", ask(&keys, 1, 0, 0x91) == DATA_KEYS_HIT);
    put(&keys, 4, 0, 0x94);
    expect_u64("still three", keys.count, 3);
    expect_u64("the one used longest ago is wiped", traces_of(0x92), 0);
    expect_true("and unknown", ask(&keys, 2, 0, 0) == DATA_KEYS_FETCH);
    expect_true("used", ask(&keys, 1, 0, 0x91) == DATA_KEYS_HIT);
    expect_true("third", ask(&keys, 3, 0, 0x93) == DATA_KEYS_HIT);
    expect_true("new", ask(&keys, 4, 0, 0x94) == DATA_KEYS_HIT);
    data_keys_empty(&keys);
    expect_u64("emptied", keys.count, 0);
    expect_u64("wiped", traces_of(0x91) + traces_of(0x93) + traces_of(0x94), 0);
    expect_true("fetches go on", ask(&keys, 2, 0, 0) == DATA_KEYS_WAIT);
    put(&keys, 5, 0, 0x95);
    expect_true("works on", ask(&keys, 5, 0, 0x95) == DATA_KEYS_HIT);
    data_keys_init(&keys, memory, 1, LIFETIME_MS);
    put(&keys, 1, 0, 0x96);
    put(&keys, 2, 0, 0x97);
    expect_true("one entry", ask(&keys, 2, 0, 0x97) == DATA_KEYS_HIT);
    expect_u64("only one", traces_of(0x96), 0);
}

static void switched_off(void)
{
    struct data_keys keys;
    expect_u64("no memory", data_keys_memory_size(0), 0);
    data_keys_init(&keys, NULL, 0, LIFETIME_MS);
    put(&keys, 1, 0, 0xa1);
    expect_true("never found", ask(&keys, 1, 0, 0) == DATA_KEYS_FETCH);
    expect_true("nobody waits", ask(&keys, 1, 0, 0) == DATA_KEYS_FETCH);
    data_keys_abandon(&keys, id_of(1));
    data_keys_expire(&keys, 1);
    data_keys_empty(&keys);
    expect_u64("nothing is kept", keys.count + keys.fetch_count, 0);
}

static void too_many_fetches(void)
{
    struct data_keys keys;
    struct data_key key;
    enum data_keys_answer answer = DATA_KEYS_HIT;
    data_keys_init(&keys, memory, COUNT_MAX, LIFETIME_MS);
    for (uint64_t i = 0; i < DATA_KEYS_FETCH_COUNT_MAX; i++) {
        expect_true("fetch", ask(&keys, i, 0, 0) == DATA_KEYS_FETCH);
    }
    const status got = data_keys_find(&keys, id_of(1000), 0, &key, &answer);
    expect_refused("one more", got, "data_keys: too many data keys are being fetched");
    expect_kind("one more", got, FAILURE_OVER_LIMIT);
    expect_true("untouched", answer == DATA_KEYS_HIT);
    expect_true("waiting is possible", ask(&keys, 5, 0, 0) == DATA_KEYS_WAIT);
    data_keys_abandon(&keys, id_of(0));
    expect_true("there is room again", ask(&keys, 1000, 0, 0) == DATA_KEYS_FETCH);
}

/* Each part counts, and no part can pass for the next. */
static void ids(void)
{
    struct encryption_context_subject subject = {.environment = slice_text("prod"), .epoch = 7};
    struct encryption_context context, other;
    subject.account_id.bytes[0] = 1;
    expect_ok("context", encryption_context_init(&context, &subject));
    const slice arn = slice_text("arn"), edk = slice_text("edk");
    const hash32 id = data_keys_id(arn, &context, edk);
    const hash32 again = data_keys_id(arn, &context, edk);
    expect_true("the same", hash32_equal(&id, &again));
    const hash32 by_arn = data_keys_id(slice_text("arm"), &context, edk);
    expect_true("ARN", !hash32_equal(&id, &by_arn));
    const hash32 by_edk = data_keys_id(arn, &context, slice_text("edj"));
    expect_true("EDK", !hash32_equal(&id, &by_edk));
    for (size_t i = 0; i < ENCRYPTION_CONTEXT_COUNT; i++) {
        runner_row_at("pair", i);
        other = context;
        other.pairs[i].value = slice_text("another");
        const hash32 by_value = data_keys_id(arn, &other, edk);
        expect_true("value", !hash32_equal(&id, &by_value));
        other = context;
        other.pairs[i].name = slice_text("another");
        const hash32 by_name = data_keys_id(arn, &other, edk);
        expect_true("name", !hash32_equal(&id, &by_name));
    }
    runner_row("a byte moved from one part to the next");
    other = context;
    other.pairs[4].value.size--;
    const hash32 moved = data_keys_id(arn, &other, slice_text("1edk"));
    expect_true("moved", !hash32_equal(&id, &moved));
}

/* ---- the cache against the simplest one that could be right: an array searched end to end ---- */

enum { MODEL_COUNT = 7, ID_COUNT = 20 };

static struct {
    struct {
        uint64_t number;
        uint8_t mark;
        int64_t expires_at_ms;
        uint64_t used;
    } entries[MODEL_COUNT];
    size_t count;
    uint64_t clock;
} model;

static size_t model_find(uint64_t number)
{
    size_t i = 0;
    while (i < model.count && model.entries[i].number != number) i++;
    return i;
}

static void model_put(uint64_t number, int64_t now_ms, uint8_t mark)
{
    size_t i = model_find(number);
    if (i < model.count) {
        model.entries[i].mark = mark;
        return;
    }
    if (model.count < MODEL_COUNT) {
        model.count++;
    } else {
        i = 0;
        for (size_t k = 1; k < model.count; k++) {
            if (model.entries[k].used < model.entries[i].used) i = k;
        }
    }
    model.entries[i].number = number;
    model.entries[i].mark = mark;
    model.entries[i].expires_at_ms = now_ms + LIFETIME_MS;
    model.entries[i].used = ++model.clock;
}

/* The mark found, or 0. */
static uint8_t model_ask(uint64_t number, int64_t now_ms)
{
    const size_t i = model_find(number);
    if (i == model.count) return 0;
    if (now_ms >= model.entries[i].expires_at_ms) {
        model.entries[i] = model.entries[--model.count];
        return 0;
    }
    model.entries[i].used = ++model.clock;
    return model.entries[i].mark;
}

static void against_a_model(void)
{
    struct data_keys keys;
    int64_t now_ms = 0;
    size_t hit_count = 0;
    data_keys_init(&keys, memory, MODEL_COUNT, LIFETIME_MS);
    memset(&model, 0, sizeof model);
    for (size_t i = 0; i < 50000; i++) {
        runner_row_at("step", i);
        const uint64_t number = runner_random_u64() % ID_COUNT;
        now_ms += (int64_t)(runner_random_u64() % 5000);
        if (runner_random_u64() % 3 == 0) {
            const uint8_t mark = (uint8_t)(1 + runner_random_u64() % 200);
            put(&keys, number, now_ms, mark);
            model_put(number, now_ms, mark);
            continue;
        }
        const uint8_t wanted = model_ask(number, now_ms);
        const enum data_keys_answer answer = ask(&keys, number, now_ms, wanted);
        if (answer == DATA_KEYS_FETCH) data_keys_abandon(&keys, id_of(number));
        if (!expect_true("as the model", (answer == DATA_KEYS_HIT) == (wanted != 0))) return;
        expect_u64("count", keys.count, model.count);
        hit_count += wanted != 0;
    }
    expect_true("both happened", hit_count > 5000 && hit_count < 30000);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"one fetch a key", one_fetch_a_key},
        {"expiry", expiry},
        {"eviction", eviction},
        {"switched off", switched_off},
        {"too many fetches", too_many_fetches},
        {"ids", ids},
        {"against a model", against_a_model},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
