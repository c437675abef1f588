#include "proto/account_id.h"

#include <string.h>

#include "runner.h"

static const struct {
    const char *name, *text, *refusal;
} rows[] = {
    {"one character", "a", NULL},
    {"every kind of character", "AZaz09._:@-", NULL},
    {"empty", "", "account name: is empty"},
    {"slash, beside dot", "a/b", "account name: only letters, digits and . _ : @ - are allowed"},
    {"comma, beside minus", ",", "account name: only letters, digits and . _ : @ - are allowed"},
    {"semicolon, beside colon", ";",
     "account name: only letters, digits and . _ : @ - are allowed"},
    {"question mark, beside at", "?",
     "account name: only letters, digits and . _ : @ - are allowed"},
    {"bracket, beside Z", "[", "account name: only letters, digits and . _ : @ - are allowed"},
    {"backquote, beside a", "`", "account name: only letters, digits and . _ : @ - are allowed"},
    {"brace, beside z", "{", "account name: only letters, digits and . _ : @ - are allowed"},
    {"blank at the end", "a ", "account name: only letters, digits and . _ : @ - are allowed"},
    {"line end", "a\n", "account name: only letters, digits and . _ : @ - are allowed"},
    {"delete", "\x7f", "account name: only letters, digits and . _ : @ - are allowed"},
    {"accent", "\xc3\xa9", "account name: only letters, digits and . _ : @ - are allowed"},
    {"address", "0x52908400098527886E0F7030069857D2E4169EE7",
     "account name: must not look like an address"},
    {"39 digits", "0x52908400098527886E0F7030069857D2E4169EE", NULL},
    {"41 digits", "0x52908400098527886E0F7030069857D2E4169EE70", NULL},
    {"not a digit", "0x52908400098527886E0F7030069857D2E4169EEg", NULL},
};

static void name_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        uint8_t memory[ACCOUNT_PREIMAGE_SIZE_MAX];
        struct builder preimage;
        builder_init(&preimage, memory, sizeof memory);
        const slice name = slice_text(rows[i].text);
        expect_outcome("check", account_name_check(name), rows[i].refusal);
        expect_outcome("put", account_preimage_put(name, &preimage), rows[i].refusal);
        expect_u64("written", preimage.size, rows[i].refusal ? 0 : 36 + name.size);
    }
}

/* Every byte there is, alone and inside a name: UTF-8, percent signs and controls among them. */
static void every_byte(void)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:@-";
    for (size_t byte = 0; byte < 256; byte++) {
        const uint8_t name[] = {'a', (uint8_t)byte, 'z'};
        const bool is_allowed = byte != 0 && strchr(allowed, (int)byte) != NULL;
        const char *refusal =
            is_allowed ? NULL : "account name: only letters, digits and . _ : @ - are allowed";
        runner_row_at("byte", byte);
        expect_outcome("inside", account_name_check(slice_of(name, sizeof name)), refusal);
        expect_outcome("alone", account_name_check(slice_of(name + 1, 1)), refusal);
    }
}

static void length_limit(void)
{
    char name[ACCOUNT_NAME_SIZE_MAX + 1];
    uint8_t memory[ACCOUNT_PREIMAGE_SIZE_MAX];
    struct builder preimage;
    memset(name, 'n', sizeof name);
    builder_init(&preimage, memory, sizeof memory);
    expect_ok("128", account_preimage_put(slice_of(name, ACCOUNT_NAME_SIZE_MAX), &preimage));
    expect_u64("fills it", preimage.size, sizeof memory);
    expect_refused("129", account_name_check(slice_of(name, sizeof name)),
                   "account name: has more than 128 characters");
    builder_init(&preimage, memory, sizeof memory - 1);
    expect_kind("no room", account_preimage_put(slice_of(name, ACCOUNT_NAME_SIZE_MAX), &preimage),
                FAILURE_OVER_LIMIT);
}

static void preimage_bytes(void)
{
    uint8_t memory[ACCOUNT_PREIMAGE_SIZE_MAX];
    struct builder preimage;
    builder_init(&preimage, memory, sizeof memory);
    expect_ok("put", account_preimage_put(slice_text("ab"), &preimage));
    expect_hex("bytes", builder_view(&preimage),
               "454e5731206163636f756e74206e616d65207631"
               "000000000000000000000000000000006162");
}

static void equality(void)
{
    account_id a = {{1, 2, 3}}, b = a;
    expect_true("same", account_id_equal(&a, &b));
    for (size_t i = 0; i < sizeof b.bytes; i++) {
        runner_row_at("byte", i);
        b = a;
        b.bytes[i] ^= 0x80;
        expect_true("differs", !account_id_equal(&a, &b));
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"name rows", name_rows},       {"every byte", every_byte},
        {"length limit", length_limit}, {"preimage bytes", preimage_bytes},
        {"equality", equality},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
