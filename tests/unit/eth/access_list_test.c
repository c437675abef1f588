#include "eth/access_list.h"

#include "eth/rlp.h"
#include "runner.h"

static const struct {
    const char *name, *list, *refusal;
} rows[] = {
    {"empty", "", NULL},
    {"without keys", "d69470997970c51812dc3a010c7d01b50e0d17dc79c8c0", NULL},
    {"entry is a string", "01", "rlp: a string stands where a list belongs"},
    {"entry is empty", "c0", "rlp: an item is missing"},
    {"no list of keys", "d59470997970c51812dc3a010c7d01b50e0d17dc79c8", "rlp: an item is missing"},
    {"something more", "d79470997970c51812dc3a010c7d01b50e0d17dc79c8c080",
     "rlp: bytes follow the last item"},
    {"address of 19 bytes", "d593997970c51812dc3a010c7d01b50e0d17dc79c8c0",
     "rlp: string has the wrong size"},
    {"key of one byte", "d79470997970c51812dc3a010c7d01b50e0d17dc79c8c101",
     "rlp: string has the wrong size"},
    {"key is a list", "d79470997970c51812dc3a010c7d01b50e0d17dc79c8c1c0",
     "rlp: a list stands where a string belongs"},
};

static void checked(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        expect_outcome("check", access_list_check(runner_hex(rows[i].list)), rows[i].refusal);
    }
}

/* `entry_count` entries of `key_count` zero keys each. */
static slice list_of(size_t entry_count, size_t key_count)
{
    static uint8_t memory[64 * 1024];
    static const uint8_t zeros[32];
    struct builder list;
    builder_init(&list, memory, sizeof memory);
    for (size_t i = 0; i < entry_count; i++) {
        const size_t entry = rlp_put_list_open(&list);
        rlp_put_string(&list, slice_of(zeros, ADDRESS_SIZE));
        const size_t keys = rlp_put_list_open(&list);
        for (size_t k = 0; k < key_count; k++) rlp_put_string(&list, slice_of(zeros, 32));
        rlp_put_list_close(&list, keys);
        rlp_put_list_close(&list, entry);
    }
    return builder_view(&list);
}

static void limits(void)
{
    static const char too_many[] = "tx: access list has too many addresses and keys";
    expect_ok("1023 keys", access_list_check(list_of(1, 1023)));
    expect_refused("1024 keys", access_list_check(list_of(1, 1024)), too_many);
    expect_ok("1024 addresses", access_list_check(list_of(1024, 0)));
    expect_refused("1025 addresses", access_list_check(list_of(1025, 0)), too_many);
}

static void taken(void)
{
    slice list = list_of(2, 3);
    struct access_entry entry;
    size_t entries = 0, keys = 0;
    while (list.size > 0 && expect_ok("entry", access_list_take(&list, &entry))) {
        hash32 key;
        entries++;
        while (entry.keys.size > 0 && expect_ok("key", access_list_take_key(&entry.keys, &key))) {
            keys++;
        }
    }
    expect_u64("entries", entries, 2);
    expect_u64("keys", keys, 6);
    expect_refused("at the end", access_list_take(&list, &entry), "rlp: an item is missing");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"checked", checked}, {"limits", limits}, {"taken", taken}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
