#include "wallet/data_keys.h"

#include <stdalign.h>
#include <string.h>

#include "crypto/digest.h"
#include "runner.h"

enum { COUNT_MAX = 64, LIFETIME_MS = 300000 };

/* The moments of a life that nothing spreads. */
enum { SURELY_YOUNG_MS = LIFETIME_MS / 2 - 1, SURELY_OLD_MS = LIFETIME_MS * 8 / 10 };

static alignas(max_align_t) uint8_t memory[1 << 20];

static void start(struct data_keys *keys, size_t count_max)
{
    expect_true("memory", data_keys_memory_size(count_max) <= sizeof memory);
    const struct data_keys_settings settings = {
        .memory = count_max > 0 ? memory : NULL,
        .count_max = count_max,
        .lifetime_ms = LIFETIME_MS,
        .seed = runner_random_u64(),
    };
    data_keys_init(keys, &settings);
}

/* A record's head and EDK for a number; the last one made is good. */
static struct data_keys_name name_of(uint64_t number)
{
    static uint8_t head[DATA_KEY_HEAD_SIZE], edk[184];
    memset(head, 1, sizeof head);
    memset(edk, 2, sizeof edk);
    memcpy(head + DATA_KEY_CONTEXT_SIZE, &number, sizeof number);
    return (struct data_keys_name){
        .key_index = 1,
        .head = slice_of(head, sizeof head),
        .edk = slice_of(edk, sizeof edk),
    };
}

/* A key whose bytes are recognised when the memory is searched. */
static struct data_key key_of(const struct data_keys_name *name, uint8_t mark)
{
    struct secret32 key;
    struct data_key data_key;
    memset(key.bytes, mark, sizeof key.bytes);
    data_key_init(&data_key, &key);
    data_key_derive(&data_key, name->head);
    data_key.is_checked = true;
    return data_key;
}

static size_t traces_of(uint8_t mark)
{
    uint8_t pattern[32];
    size_t count = 0;
    memset(pattern, mark, sizeof pattern);
    for (size_t i = 0; i + sizeof pattern <= sizeof memory; i++) {
        count += memory[i] == mark && memcmp(memory + i, pattern, sizeof pattern) == 0;
    }
    return count;
}

static enum data_keys_answer ask_name(struct data_keys *keys, const struct data_keys_name *name,
                                      int64_t now_ms, uint8_t mark)
{
    struct data_key found;
    memset(&found, 0xee, sizeof found);
    const enum data_keys_answer answer = data_keys_find(keys, name, now_ms, &found);
    expect_u64("key", found.key.bytes[31], answer == DATA_KEYS_MISS ? 0xee : mark);
    return answer;
}

static enum data_keys_answer ask(struct data_keys *keys, uint64_t number, int64_t now_ms,
                                 uint8_t mark)
{
    const struct data_keys_name name = name_of(number);
    return ask_name(keys, &name, now_ms, mark);
}

static void put(struct data_keys *keys, uint64_t number, int64_t now_ms, uint8_t mark)
{
    const struct data_keys_name name = name_of(number);
    const struct data_key key = key_of(&name, mark);
    data_keys_put(keys, &name, now_ms, &key);
}

static void ageing_and_expiry(void)
{
    struct data_keys keys;
    start(&keys, COUNT_MAX);
    expect_true("unknown", ask(&keys, 1, 0, 0) == DATA_KEYS_MISS);
    for (uint64_t i = 0; i < 50; i++) {
        runner_row_at("key", i);
        put(&keys, i, 1000, 0x81);
        expect_true("young", ask(&keys, i, 1000 + SURELY_YOUNG_MS, 0x81) == DATA_KEYS_HIT);
        int64_t now_ms = 1000 + SURELY_OLD_MS;
        expect_true("old", ask(&keys, i, now_ms, 0x81) == DATA_KEYS_AGING);
        now_ms += DATA_KEYS_AGING_PAUSE_MS - 1;
        expect_true("said once", ask(&keys, i, now_ms, 0x81) == DATA_KEYS_HIT);
        expect_true("and again", ask(&keys, i, now_ms + 1, 0x81) == DATA_KEYS_AGING);
        now_ms = 1000 + LIFETIME_MS - LIFETIME_MS / 10;
        expect_true("still there", ask(&keys, i, now_ms - 1, 0x81) != DATA_KEYS_MISS);
        expect_true("no longer", ask(&keys, i, 1000 + LIFETIME_MS, 0x81) == DATA_KEYS_MISS);
    }
    runner_row(NULL);
    expect_u64("wiped when found expired", traces_of(0x81), 0);
    put(&keys, 1, 0, 0x82);
    put(&keys, 1, SURELY_OLD_MS, 0x83);
    expect_u64("replaced", traces_of(0x82), 0);
    expect_true("by one that is young", ask(&keys, 1, LIFETIME_MS, 0x83) == DATA_KEYS_HIT);
    expect_u64("once", keys.count, 1);
}

/* The end of a life, to the millisecond, whoever comes upon it. */
static void exact_end(void)
{
    struct data_keys keys;
    for (int is_swept = 0; is_swept <= 1; is_swept++) {
        runner_row(is_swept ? "swept" : "found");
        start(&keys, 1);
        put(&keys, 1, 0, 0x84);
        const int64_t end_ms = keys.entries[0].expires_at_ms;
        expect_u64("kept", data_keys_expire(&keys, end_ms - 1, 0), 0);
        expect_true("alive", ask(&keys, 1, end_ms - 1, 0x84) != DATA_KEYS_MISS);
        if (is_swept) {
            expect_u64("sweep", data_keys_expire(&keys, end_ms, 0), 0);
        } else {
            expect_true("dead", ask(&keys, 1, end_ms, 0x84) == DATA_KEYS_MISS);
        }
        expect_u64("gone", keys.count, 0);
        expect_u64("wiped", traces_of(0x84), 0);
    }
}

/* Of a thousand keys put at once no more than a few per cent want anything at the same time. */
static void spread(void)
{
    enum { KEY_COUNT = 1000, STEP_MS = LIFETIME_MS / 100, MANY = KEY_COUNT / 10 };
    struct data_keys keys;
    size_t ageing_count = 0, expired_count = 0;
    start(&keys, KEY_COUNT);
    for (uint64_t i = 0; i < KEY_COUNT; i++) put(&keys, i, 0, 0x84);
    for (int64_t now_ms = 0; now_ms <= SURELY_OLD_MS; now_ms += STEP_MS) {
        runner_row_at("ageing at", (size_t)now_ms);
        size_t now_count = 0;
        for (size_t i = 0; i < KEY_COUNT; i++) {
            now_count += keys.entries[i].ages_at_ms > now_ms - STEP_MS &&
                         keys.entries[i].ages_at_ms <= now_ms;
        }
        expect_true("a few", now_count < MANY);
        ageing_count += now_count;
    }
    for (int64_t now_ms = SURELY_OLD_MS; now_ms <= LIFETIME_MS; now_ms += STEP_MS) {
        runner_row_at("expired at", (size_t)now_ms);
        const size_t before_count = keys.count;
        for (size_t from = 0; (from = data_keys_expire(&keys, now_ms, from)) != 0;) {
        }
        expect_true("a few", before_count - keys.count < 2 * MANY);
        expired_count += before_count - keys.count;
    }
    runner_row(NULL);
    expect_u64("all aged", ageing_count, KEY_COUNT);
    expect_u64("all expired", expired_count, KEY_COUNT);
}

static void expiring_in_parts(void)
{
    enum { KEY_COUNT = DATA_KEYS_EXPIRE_COUNT + 1 };
    struct data_keys keys;
    start(&keys, KEY_COUNT);
    for (uint64_t i = 0; i < KEY_COUNT; i++) put(&keys, i, 0, 0x85);
    const size_t next = data_keys_expire(&keys, LIFETIME_MS, 0);
    expect_u64("goes on", next, DATA_KEYS_EXPIRE_COUNT);
    expect_u64("one is left", keys.count, 1);
    expect_u64("the end", data_keys_expire(&keys, LIFETIME_MS, next), 0);
    expect_u64("none is left", keys.count, 0);
    expect_u64("wiped", traces_of(0x85), 0);
}

static void eviction(void)
{
    struct data_keys keys;
    start(&keys, 3);
    for (uint64_t i = 0; i < 3; i++) put(&keys, i, 0, (uint8_t)(0x91 + i));
    for (uint64_t i = 3; i < 100; i++) {
        runner_row_at("key", i);
        put(&keys, i, 0, (uint8_t)(0x91 + i % 50));
        expect_u64("still three", keys.count, 3);
        expect_true("the new one is there",
                    ask(&keys, i, 0, (uint8_t)(0x91 + i % 50)) == DATA_KEYS_HIT);
    }
    runner_row(NULL);
    size_t trace_count = 0;
    for (uint8_t mark = 0x91; mark < 0x91 + 50; mark++) trace_count += traces_of(mark);
    expect_u64("what made room was wiped", trace_count, 3);
    data_keys_empty(&keys);
    expect_u64("emptied", keys.count, 0);
    for (uint8_t mark = 0x91; mark < 0x91 + 50; mark++) expect_u64("wiped", traces_of(mark), 0);
    put(&keys, 5, 0, 0x95);
    expect_true("works on", ask(&keys, 5, 0, 0x95) == DATA_KEYS_HIT);
    start(&keys, 1);
    put(&keys, 1, 0, 0x96);
    put(&keys, 2, 0, 0x97);
    expect_true("one entry", ask(&keys, 2, 0, 0x97) == DATA_KEYS_HIT);
    expect_u64("only one", traces_of(0x96), 0);
}

/* A walk over twice as many keys as fit, again and again, still hits. */
static void walk_over_more_than_fit(void)
{
    enum { FIT = 500, ROUNDS = 20 };
    struct data_keys keys;
    size_t hit_count = 0;
    start(&keys, FIT);
    for (uint64_t i = 0; i < 2 * FIT * ROUNDS; i++) {
        const uint64_t number = i % (2 * FIT);
        if (ask(&keys, number, 0, 0x98) == DATA_KEYS_HIT) {
            hit_count++;
        } else {
            put(&keys, number, 0, 0x98);
        }
    }
    expect_true("one in ten at least", hit_count > 2 * FIT * ROUNDS / 10);
}

static void switched_off(void)
{
    struct data_keys keys;
    expect_u64("no memory", data_keys_memory_size(0), 0);
    start(&keys, 0);
    put(&keys, 1, 0, 0xa1);
    expect_true("never found", ask(&keys, 1, 0, 0) == DATA_KEYS_MISS);
    expect_u64("nothing expires", data_keys_expire(&keys, 1, 0), 0);
    data_keys_empty(&keys);
    expect_u64("nothing is kept", keys.count, 0);
}

/* Every bit of a name counts, whatever the length of its EDK. */
static void names(void)
{
    static uint8_t head[DATA_KEY_HEAD_SIZE], edk[6144];
    static const size_t sizes[] = {0,
                                   1,
                                   184,
                                   DATA_KEYS_EDK_SIZE_MAX - 1,
                                   DATA_KEYS_EDK_SIZE_MAX,
                                   DATA_KEYS_EDK_SIZE_MAX + 1,
                                   sizeof edk};
    for (size_t row = 0; row < ARRAY_COUNT(sizes); row++) {
        runner_row_at("EDK size", sizes[row]);
        struct data_keys keys;
        start(&keys, COUNT_MAX);
        struct data_keys_name name = {1, slice_of(head, sizeof head), slice_of(edk, sizes[row])};
        const struct data_key key = key_of(&name, 0xb1);
        data_keys_put(&keys, &name, 0, &key);
        expect_true("found", ask_name(&keys, &name, 0, 0xb1) == DATA_KEYS_HIT);
        for (size_t i = 0; i < sizeof head; i++) {
            head[i] ^= 1;
            expect_true("head", ask_name(&keys, &name, 0, 0) == DATA_KEYS_MISS);
            head[i] ^= 1;
        }
        for (size_t i = 0; i < sizes[row]; i++) {
            edk[i] ^= 1;
            expect_true("EDK", ask_name(&keys, &name, 0, 0) == DATA_KEYS_MISS);
            edk[i] ^= 1;
        }
        name.key_index = 0;
        expect_true("KMS key", ask_name(&keys, &name, 0, 0) == DATA_KEYS_MISS);
        name.key_index = 1;
        name.edk.size = sizes[row] + 1;
        if (name.edk.size <= sizeof edk) {
            expect_true("longer", ask_name(&keys, &name, 0, 0) == DATA_KEYS_MISS);
        }
        /* A short EDK that is the hash of a long one is not taken for it. */
        const hash32 hash = sha256(slice_of(edk, sizes[row]));
        name.edk = hash32_view(&hash);
        expect_true("its hash", ask_name(&keys, &name, 0, 0) == DATA_KEYS_MISS);
    }
    runner_row(NULL);
}

/* ---- the cache against the simplest one that could be right: an array searched end to end ---- */

enum { MODEL_COUNT = 7, ID_COUNT = 20 };

static struct {
    struct {
        bool is_there;
        uint8_t mark;
        int64_t put_at_ms;
    } entries[ID_COUNT];
} model;

/* What is put is found with its last mark while it lives, or has made room for another. */
static void against_a_model(void)
{
    struct data_keys keys;
    int64_t now_ms = 0;
    size_t hit_count = 0, lost_count = 0;
    start(&keys, MODEL_COUNT);
    memset(&model, 0, sizeof model);
    for (size_t i = 0; i < 50000; i++) {
        runner_row_at("step", i);
        const uint64_t number = runner_random_u64() % ID_COUNT;
        now_ms += (int64_t)(runner_random_u64() % 5000);
        if (runner_random_u64() % 3 == 0) {
            const uint8_t mark = (uint8_t)(1 + runner_random_u64() % 200);
            put(&keys, number, now_ms, mark);
            model.entries[number].is_there = true;
            model.entries[number].mark = mark;
            model.entries[number].put_at_ms = now_ms;
            continue;
        }
        const enum data_keys_answer answer = ask(&keys, number, now_ms, model.entries[number].mark);
        const bool may_be_there = model.entries[number].is_there &&
                                  now_ms < model.entries[number].put_at_ms + LIFETIME_MS;
        if (!expect_true("only what lives", answer == DATA_KEYS_MISS || may_be_there)) return;
        expect_true("never too many", keys.count <= MODEL_COUNT);
        hit_count += answer != DATA_KEYS_MISS;
        lost_count += answer == DATA_KEYS_MISS && may_be_there;
        if (answer == DATA_KEYS_MISS) model.entries[number].is_there = false;
    }
    runner_row(NULL);
    expect_true("both happened", hit_count > 5000 && lost_count > 1000);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"ageing and expiry", ageing_and_expiry},
        {"exact end", exact_end},
        {"spread", spread},
        {"expiring in parts", expiring_in_parts},
        {"eviction", eviction},
        {"a walk over more than fit", walk_over_more_than_fit},
        {"switched off", switched_off},
        {"names", names},
        {"against a model", against_a_model},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
