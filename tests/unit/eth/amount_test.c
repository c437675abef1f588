#include "eth/amount.h"

#include "runner.h"

static const struct {
    const char *text, *wei, *refusal;
} rows[] = {
    {"0", "0", NULL},
    {"1", "1", NULL},
    {"1000000000000000000", "1000000000000000000", NULL},
    {"0x0", "0", NULL},
    {"0xde0b6b3a7640000", "1000000000000000000", NULL},
    {"1ether", "1000000000000000000", NULL},
    {"1.5ether", "1500000000000000000", NULL},
    {"0.5ether", "500000000000000000", NULL},
    {"0.000000000000000001ether", "1", NULL},
    {"0.100000000000000000ether", "100000000000000000", NULL},
    {"30gwei", "30000000000", NULL},
    {"0.000000001gwei", "1", NULL},
    {"7wei", "7", NULL},
    {"0ether", "0", NULL},
    {"115792089237316195423570985008687907853269984665640564039457584007913129639935",
     "115792089237316195423570985008687907853269984665640564039457584007913129639935", NULL},
    {"115792089237316195423570985008687907853269984665640564039457.584007913129639935ether",
     "115792089237316195423570985008687907853269984665640564039457584007913129639935", NULL},
    {"115792089237316195423570985008687907853269984665640564039457584007913129639936", NULL,
     "u256: number needs more than 256 bits"},
    {"", NULL, "amount: digits are missing"},
    {"ether", NULL, "amount: digits are missing"},
    {".5ether", NULL, "amount: digits are missing"},
    {"5.ether", NULL, "amount: digits are missing"},
    {"1.5", NULL, "amount: a fraction needs a unit: ether or gwei"},
    {"1.5wei", NULL, "amount: is finer than one wei, the smallest sum"},
    {"0.0000000000000000001ether", NULL, "amount: is finer than one wei, the smallest sum"},
    {"0.0000000001gwei", NULL, "amount: is finer than one wei, the smallest sum"},
    {"01", NULL, "amount: has a leading zero"},
    {"00.1ether", NULL, "amount: has a leading zero"},
    {"-1", NULL, "amount: has a character that is not a digit"},
    {"+1", NULL, "amount: has a character that is not a digit"},
    {"1 ether", NULL, "amount: has a character that is not a digit"},
    {"1e18", NULL, "amount: has a character that is not a digit"},
    {"1,5ether", NULL, "amount: has a character that is not a digit"},
    {"1.2.3ether", NULL, "amount: has a character that is not a digit"},
    {"1Ether", NULL, "amount: has a character that is not a digit"},
    {"1eth", NULL, "amount: has a character that is not a digit"},
};

static void parse_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        u256 wei = u256_of(99);
        char text[U256_DECIMAL_SIZE_MAX];
        struct builder printed;
        runner_row(rows[i].text);
        const status got = amount_parse(slice_text(rows[i].text), &wei);
        if (!expect_outcome("parse", got, rows[i].refusal)) continue;
        builder_init(&printed, text, sizeof text);
        u256_print_decimal(&printed, wei);
        expect_text("wei", builder_view(&printed), rows[i].wei ? rows[i].wei : "99");
    }
}

static void too_long(void)
{
    char text[AMOUNT_TEXT_SIZE_MAX + 2];
    u256 wei;
    for (size_t i = 0; i < sizeof text; i++) text[i] = '1';
    expect_refused("too long", amount_parse(slice_of(text, AMOUNT_TEXT_SIZE_MAX + 1), &wei),
                   "amount: is too long");
    expect_kind("longest", amount_parse(slice_of(text, AMOUNT_TEXT_SIZE_MAX), &wei),
                FAILURE_OVER_LIMIT);
}

static void printed(void)
{
    static const struct {
        const char *wei, *ether, *gwei;
    } sums[] = {
        {"0", "0", "0"},
        {"1", "0.000000000000000001", "0.000000001"},
        {"1000000000", "0.000000001", "1"},
        {"1500000000000000000", "1.5", "1500000000"},
        {"1000000000000000000", "1", "1000000000"},
        {"10000000000000000000", "10", "10000000000"},
        {"123456789012345678901", "123.456789012345678901", "123456789012.345678901"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(sums); i++) {
        char text[200];
        struct builder builder;
        u256 wei;
        runner_row(sums[i].wei);
        expect_ok("parse", u256_parse_decimal(slice_text(sums[i].wei), &wei));
        builder_init(&builder, text, sizeof text);
        amount_print_ether(&builder, wei);
        expect_text("ether", builder_view(&builder), sums[i].ether);
        builder_init(&builder, text, sizeof text);
        amount_print_gwei(&builder, wei);
        expect_text("gwei", builder_view(&builder), sums[i].gwei);
    }
}

static void reads_what_it_prints(void)
{
    for (size_t round = 0; round < 200; round++) {
        char text[200];
        struct builder builder;
        const u256 wei = {{runner_random_u64(), runner_random_u64() >> (runner_random_u64() % 64),
                           runner_random_u64() % 3, runner_random_u64() % 2}};
        u256 back;
        builder_init(&builder, text, sizeof text);
        amount_print_ether(&builder, wei);
        builder_put_text(&builder, "ether");
        expect_ok("parse", amount_parse(builder_view(&builder), &back));
        expect_true("same", u256_equal(wei, back));
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"parse rows", parse_rows},
        {"too long", too_long},
        {"printed", printed},
        {"reads what it prints", reads_what_it_prints},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
