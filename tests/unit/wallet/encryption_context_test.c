#include "wallet/encryption_context.h"

#include <string.h>

#include "runner.h"

static void known_context(void)
{
    static const char *const names[] = {"acct", "app", "env", "epoch", "kind"};
    static const char *const values[] = {
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "enw1", "prod", "7",
        "1"};
    struct encryption_context context;
    struct encryption_context_subject subject = {.environment = slice_text("prod"), .epoch = 7};
    for (uint8_t i = 0; i < 32; i++) subject.account_id.bytes[i] = i;
    expect_ok("init", encryption_context_init(&context, &subject));
    for (size_t i = 0; i < ENCRYPTION_CONTEXT_COUNT; i++) {
        runner_row_at("pair", i);
        expect_text("name", context.pairs[i].name, names[i]);
        expect_text("value", context.pairs[i].value, values[i]);
        if (i == 0) continue;
        expect_true("sorted", slice_compare(context.pairs[i - 1].name, context.pairs[i].name) < 0);
    }
}

static void limits(void)
{
    static const struct {
        size_t size;
        const char *refusal;
    } sizes[] = {
        {0, "encryption_context: environment must have 1 to 64 bytes"},
        {1, NULL},
        {64, NULL},
        {65, "encryption_context: environment must have 1 to 64 bytes"},
    };
    char environment[65];
    struct encryption_context context;
    memset(environment, 'e', sizeof environment);
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        runner_row_at("size", sizes[i].size);
        const struct encryption_context_subject subject = {
            .environment = slice_of(environment, sizes[i].size), .epoch = UINT32_MAX};
        expect_outcome("init", encryption_context_init(&context, &subject), sizes[i].refusal);
        if (!sizes[i].refusal) expect_text("epoch", context.pairs[3].value, "4294967295");
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"known context", known_context},
        {"limits", limits},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
