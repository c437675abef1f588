#include "eth/eip191.h"

#include "runner.h"

/* By ethers 6 (hashMessage); "hello" is also what every other library prints. */
static const struct {
    const char *name, *message, *hash;
} rows[] = {
    {"empty", "", "5f35dce98ba4fba25530a026ed80b2cecdaa31091ba4958b99b52ea1d068adad"},
    {"hello", "hello", "50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750"},
    {"9 bytes", "aaaaaaaaa", "88995234d4eb226af685fa2580eef084276924ab4ef7849b29712b1056ef3916"},
    {"10 bytes, two digits", "aaaaaaaaaa",
     "1e4bedee6ac3c9810061c8bc59736e1a482e656de13b4648a7f965b58fd6843d"},
    {"one character of two bytes", "\xc3\xa9",
     "ba8cc708d7c0ceccba0ed21ddc61b53a0db963cffb45659d761ff24f520f0a99"},
};

static void known_answers(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        const hash32 hash = eip191_hash(slice_text(rows[i].message));
        expect_hex("hash", hash32_view(&hash), rows[i].hash);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {{"known answers", known_answers}};
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
