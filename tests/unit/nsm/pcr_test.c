/*
 * Answers: the extension of a zero register by 010203 as the security module's own tests compute
 * it, PCR2 of an image without an application as real documents show it, and PCR4 of a real
 * document (2021-03-17) from its instance id.
 */
#include "nsm/pcr.h"

#include <string.h>

#include "runner.h"

static void extension(void)
{
    const hash48 zero = {{0}};
    const hash48 extended = pcr_extend(&zero, runner_hex("010203"));
    expect_hex(
        "from zero", hash48_view(&extended),
        "cb178fcd3f328244c05c6248723fd068b3a1dda878e1ab8be911098f199958add55d0c27f04826d27b44d94"
        "9a650694e");
    const hash48 twice = pcr_extend(&extended, runner_hex("010203"));
    expect_true("the old value counts", !hash48_equal(&twice, &extended));
    const hash48 empty = sha384(slice_text("")), no_application = pcr_of_digest(&empty);
    expect_hex(
        "PCR2 of nothing", hash48_view(&no_application),
        "21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10edb30948c90ba67310f7b"
        "964fc500a");
    const hash48 instance = pcr_of_text(slice_text("i-078824548edcf6519"));
    expect_hex(
        "PCR4", hash48_view(&instance),
        "8a4d049b4193ab1554c7c63e9ec581b481fd80c8c2b643f65a4fb0eb2fafeb574bd5e7b04f2e9212ff15729"
        "129330a47");
}

static void zero_registers(void)
{
    hash48 value = {{0}};
    expect_true("zero", pcr_is_zero(&value));
    value.bytes[47] = 1;
    expect_true("last byte", !pcr_is_zero(&value));
}

static void sets(void)
{
    struct pcr_set set = {0};
    const hash48 value = pcr_of_text(slice_text("x"));
    expect_true("empty", !pcr_set_has(&set, 0));
    pcr_set_put(&set, 31, &value);
    expect_true("31", pcr_set_has(&set, 31) && hash48_equal(&set.values[31], &value));
    expect_true("not 30", !pcr_set_has(&set, 30));
    expect_true("not 32", !pcr_set_has(&set, 32));
}

static const struct {
    const char *name, *text, *refusal;
} rows[] = {
    {"zero", "0=", NULL},
    {"both cases", "31=", NULL},
    {"no number", "=", "pcr: N must be a number from 0 to 31"},
    {"not a number", "x=", "pcr: N must be a number from 0 to 31"},
    {"32", "32=", "pcr: N must be a number from 0 to 31"},
    {"leading zero", "01=", "pcr: N must be a number from 0 to 31"},
    {"minus", "-1=", "pcr: N must be a number from 0 to 31"},
    {"taken already", "7=", "pcr: the same N comes twice"},
};

static const char digits[] = "cb178fcd3f328244c05c6248723fd068b3a1dda878e1ab8be911098f199958ADD55D0"
                             "C27F04826D27B44D949A650694E";

static status parse(const char *start, const char *value, struct pcr_set *set)
{
    char text[128];
    struct builder builder;
    builder_init(&builder, text, sizeof text);
    builder_put_text(&builder, start);
    builder_put_text(&builder, value);
    return pcr_parse(builder_view(&builder), set);
}

static void texts(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pcr_set set = {.present = 1u << 7};
        runner_row(rows[i].name);
        expect_outcome("parse", parse(rows[i].text, digits, &set), rows[i].refusal);
        expect_u64("registers", set.present != 1u << 7, rows[i].refusal == NULL);
    }
    struct pcr_set set = {0};
    runner_row(NULL);
    expect_refused("no =", parse("0", digits, &set), "pcr: must be written as N=HEX");
    expect_refused("one digit short", parse("0=", digits + 1, &set),
                   "pcr: a value must be 96 hex digits");
    expect_refused("one digit long", parse("0=a", digits, &set),
                   "pcr: a value must be 96 hex digits");
    expect_refused("not hex", parse("0=g", digits + 1, &set),
                   "hex: has a character that is not a hex digit");
    expect_ok("parse", parse("5=", digits, &set));
    expect_hex("value", hash48_view(&set.values[5]), digits);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"extension", extension},
        {"zero registers", zero_registers},
        {"sets", sets},
        {"texts", texts},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
