#include "os/flags.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runner.h"

static const struct flag table[] = {
    {.name = "listen",
     .value_name = "ENDPOINT",
     .environment = "ENW_TEST_LISTEN",
     .fallback = "tcp:127.0.0.1:1",
     .help = "where to listen"},
    {.name = "count", .value_name = "N", .help = "how many"},
    {.name = "quiet", .shape = FLAG_SWITCH, .environment = "ENW_TEST_QUIET", .help = "say less"},
    {.name = "allow",
     .shape = FLAG_REPEATED,
     .value_name = "HOST",
     .help = "who is allowed",
     .environment = "ENW_TEST_ALLOW"},
};

static const struct flags_program program = {
    .name = "enw-test",
    .version = "1.2.3",
    .summary = "Tests flags.",
    .table = table,
    .count = ARRAY_COUNT(table),
    .operand_names = "[NAME]",
    .operand_count_max = 1,
};

enum { ARGUMENT_COUNT_MAX = 8 };

static int count_of(char *const arguments[])
{
    int count = 0;
    while (count < ARGUMENT_COUNT_MAX && arguments[count]) count++;
    return count;
}

/* What comes out: each flag's value ("-" for none), joined; or a refusal at a position. */
static const struct {
    const char *name;
    char *arguments[ARGUMENT_COUNT_MAX];
    const char *result, *refusal;
    int position;
} rows[] = {
    {"nothing", {"p"}, "tcp:127.0.0.1:1 - off [] []", NULL, 0},
    {"two arguments", {"p", "--listen", "a", "--count", "7"}, "a 7 off [] []", NULL, 0},
    {"one argument each", {"p", "--listen=a=b", "--count="}, "a=b  off [] []", NULL, 0},
    {"a value that looks like a flag",
     {"p", "--count", "--quiet"},
     "tcp:127.0.0.1:1 --quiet off [] []",
     NULL,
     0},
    {"switch", {"p", "--quiet"}, "tcp:127.0.0.1:1 - on [] []", NULL, 0},
    {"switch said to be on", {"p", "--quiet=true"}, "tcp:127.0.0.1:1 - on [] []", NULL, 0},
    {"switch said to be off", {"p", "--quiet=false"}, "tcp:127.0.0.1:1 - off [] []", NULL, 0},
    {"repeated", {"p", "--allow", "a", "--allow=b"}, "tcp:127.0.0.1:1 - off [a b] []", NULL, 0},
    {"operand", {"p", "x", "--count=1"}, "tcp:127.0.0.1:1 1 off [] [x]", NULL, 0},
    {"a dash is an operand", {"p", "-"}, "tcp:127.0.0.1:1 - off [] [-]", NULL, 0},
    {"after two dashes", {"p", "--", "--count"}, "tcp:127.0.0.1:1 - off [] [--count]", NULL, 0},
    {"unknown", {"p", "--count", "1", "--counts", "2"}, NULL, "flags: is not known", 3},
    {"unknown with a value", {"p", "--lst=secret"}, NULL, "flags: is not known", 1},
    {"no value", {"p", "--listen"}, NULL, "flags: needs a value", 1},
    {"twice", {"p", "--count=1", "--count=2"}, NULL, "flags: may be given only once", 2},
    {"switch twice", {"p", "--quiet", "--quiet"}, NULL, "flags: may be given only once", 2},
    {"switch with another value",
     {"p", "--quiet=maybe"},
     NULL,
     "flags: a switch is true or false",
     1},
    {"one dash", {"p", "-count"}, NULL, "flags: flags start with two dashes", 1},
    {"one operand too many", {"p", "x", "y"}, NULL, "flags: takes no such argument", 2},
};

static void flags_show(const struct flags *flags, struct builder *text)
{
    const char *count = flags_text(flags, "count");
    builder_put_text(text, flags_text(flags, "listen"));
    builder_put_text(text, " ");
    builder_put_text(text, count ? count : "-");
    builder_put_text(text, flags_is_on(flags, "quiet") ? " on [" : " off [");
    for (size_t i = 0; i < flags_count(flags, "allow"); i++) {
        builder_put_text(text, i > 0 ? " " : "");
        builder_put_text(text, flags_at(flags, "allow", i));
    }
    builder_put_text(text, "] [");
    for (size_t i = 0; i < flags->operand_count; i++) builder_put_text(text, flags->operands[i]);
    builder_put_text(text, "]");
}

static void parse_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct flags flags;
        char *arguments[ARGUMENT_COUNT_MAX];
        uint8_t memory[256];
        struct builder text;
        runner_row(rows[i].name);
        memcpy(arguments, rows[i].arguments, sizeof arguments);
        const status got = flags_parse(&program, count_of(arguments), arguments, &flags);
        if (!expect_outcome("flags_parse", got, rows[i].refusal)) continue;
        if (rows[i].refusal) {
            expect_u64("position", (uint64_t)got.detail, (uint64_t)rows[i].position);
            continue;
        }
        builder_init(&text, memory, sizeof memory);
        flags_show(&flags, &text);
        expect_text("flags", builder_view(&text), rows[i].result);
        expect_u64("outcome", flags.outcome, FLAGS_RUN);
    }
}

static void environment(void)
{
    static struct flags flags;
    char *none[] = {"p"}, *given[] = {"p", "--listen=arg", "--quiet=false", "--allow=x"};
    setenv("ENW_TEST_LISTEN", "env", 1);
    setenv("ENW_TEST_QUIET", "1", 1);
    setenv("ENW_TEST_ALLOW", "one", 1);
    expect_ok("from the environment", flags_parse(&program, 1, none, &flags));
    expect_text("wins over the default", slice_text(flags_text(&flags, "listen")), "env");
    expect_true("switch", flags_is_on(&flags, "quiet"));
    expect_u64("one value", flags_count(&flags, "allow"), 1);
    expect_text("repeated", slice_text(flags_at(&flags, "allow", 0)), "one");
    expect_ok("with arguments", flags_parse(&program, 4, given, &flags));
    expect_text("arguments win", slice_text(flags_text(&flags, "listen")), "arg");
    expect_true("for switches too", !flags_is_on(&flags, "quiet"));
    expect_u64("given only", flags_count(&flags, "allow"), 1);
    expect_text("repeated", slice_text(flags_at(&flags, "allow", 0)), "x");
    setenv("ENW_TEST_QUIET", "yes", 1);
    expect_refused("bad switch", flags_parse(&program, 1, none, &flags),
                   "flags: a switch in the environment is true or false");
    setenv("ENW_TEST_QUIET", "", 1);
    setenv("ENW_TEST_LISTEN", "", 1);
    expect_ok("empty", flags_parse(&program, 1, none, &flags));
    expect_text("is absent", slice_text(flags_text(&flags, "listen")), "tcp:127.0.0.1:1");
    expect_true("the same directly", flags_environment("ENW_TEST_LISTEN") == NULL);
    unsetenv("ENW_TEST_LISTEN");
    unsetenv("ENW_TEST_QUIET");
    unsetenv("ENW_TEST_ALLOW");
}

static void required(void)
{
    static const struct flag needed[] = {
        {.name = "config", .value_name = "FILE", .help = "the file", .is_required = true}};
    static const struct flags_program strict = {
        .name = "p", .version = "1", .summary = "", .table = needed, .count = 1};
    static struct flags flags;
    char *none[] = {"p"}, *given[] = {"p", "--config=f"};
    expect_refused("missing", flags_parse(&strict, 1, none, &flags),
                   "flags: a required flag is missing");
    expect_ok("given", flags_parse(&strict, 2, given, &flags));
}

static void numbers(void)
{
    static const struct {
        const char *name;
        char *argument;
        const char *refusal;
    } cases[] = {
        {"least", "--count=2", NULL},
        {"most", "--count=9", NULL},
        {"below", "--count=1", "flags: number is too small"},
        {"above", "--count=10", "slice: number is too large"},
        {"not a number", "--count=x", "slice: not a decimal number"},
        {"no value", "--quiet", "flags: has no value"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        static struct flags flags;
        char *arguments[] = {"p", cases[i].argument};
        uint64_t value = 99;
        runner_row(cases[i].name);
        expect_ok("flags_parse", flags_parse(&program, 2, arguments, &flags));
        const status got =
            flags_read_u64(&flags, "count", (struct flags_range){.min = 2, .max = 9}, &value);
        if (!cases[i].refusal) expect_ok("read", got);
        else if (slice_has_start(slice_text(cases[i].refusal), slice_text("slice"))) {
            expect_kind("read", got, FAILURE_BAD_INPUT);
        } else expect_refused("read", got, cases[i].refusal);
        expect_true("untouched on failure", !cases[i].refusal || value == 99);
    }
}

static void too_many_values(void)
{
    static struct flags flags;
    static char *arguments[FLAGS_GIVEN_MAX + 2];
    arguments[0] = "p";
    for (size_t i = 1; i < ARRAY_COUNT(arguments); i++) arguments[i] = "--allow=a";
    expect_ok("the most", flags_parse(&program, FLAGS_GIVEN_MAX + 1, arguments, &flags));
    expect_u64("count", flags_count(&flags, "allow"), FLAGS_GIVEN_MAX);
    expect_refused("one more", flags_parse(&program, FLAGS_GIVEN_MAX + 2, arguments, &flags),
                   "flags: too many values");
}

/* Runs `print` with one of our descriptors going to a file, and returns what it wrote. */
static slice captured(int descriptor, status (*print)(char *argument), char *argument,
                      status *result)
{
    char path[] = "/tmp/enw-flags-test-XXXXXX";
    const int file = mkstemp(path), kept = dup(descriptor);
    fflush(NULL);
    dup2(file, descriptor);
    *result = print(argument);
    fflush(NULL);
    dup2(kept, descriptor);
    close(kept);
    close(file);
    const slice text = runner_file(path);
    unlink(path);
    return text;
}

static status parse_one(char *argument)
{
    static struct flags flags;
    char *arguments[] = {"p", argument};
    TRY(flags_parse(&program, 2, arguments, &flags));
    REQUIRE(flags.outcome == FLAGS_DONE, INTERNAL, "test: was not done");
    return status_ok();
}

static status explain_one(char *argument)
{
    static struct flags flags;
    char *arguments[] = {"p", argument};
    const status result = flags_parse(&program, 2, arguments, &flags);
    flags_explain(&program, 2, arguments, result);
    return result;
}

static void printed(void)
{
    status result;
    const slice help = captured(STDOUT_FILENO, parse_one, "--help", &result);
    expect_ok("help", result);
    static const char *const parts[] = {
        "usage: enw-test [flags] [NAME]\n",
        "Tests flags.",
        "--listen ENDPOINT",
        "[default: tcp:127.0.0.1:1]",
        "[env: ENW_TEST_LISTEN]",
        "(repeatable)",
        "--version",
    };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        runner_row(parts[i]);
        expect_true("is in the help",
                    memmem(help.bytes, help.size, parts[i], strlen(parts[i])) != NULL);
    }
    runner_row(NULL);
    expect_text("version", captured(STDOUT_FILENO, parse_one, "--version", &result),
                "enw-test 1.2.3\n");
    expect_ok("version", result);
    /* What stands behind '=' may be a secret in the wrong place. */
    expect_text("explained", captured(STDERR_FILENO, explain_one, "--token=hunter2", &result),
                "enw-test: flags: is not known: --token (--help shows all)\n");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"parse rows", parse_rows}, {"environment", environment},         {"required", required},
        {"numbers", numbers},       {"too many values", too_many_values}, {"printed", printed},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
