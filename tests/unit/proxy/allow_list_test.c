#include "proxy/allow_list.h"

#include <stdio.h>

#include "runner.h"

static endpoint entry(const char *text)
{
    endpoint destination = {0};
    expect_ok(text, allow_list_parse_entry(slice_text(text), &destination));
    return destination;
}

static void entries(void)
{
    static const struct {
        const char *name, *text, *refusal;
    } rows[] = {
        {"name", "kms.eu-west-1.amazonaws.com:443", NULL},
        {"address", "10.0.0.1:8443", NULL},
        {"IPv6", "[::1]:1", NULL},
        {"port 0", "a:0", "allow_list: port must not be 0"},
        {"no port", "a", "endpoint: port is missing"},
        {"port too large", "a:65536", "endpoint: port or CID is not a number in its range"},
        {"wildcard", "*.amazonaws.com:443",
         "endpoint: host has a character a host name cannot have"},
        {"with a kind", "tcp:a:1", "endpoint: host has a character a host name cannot have"},
        {"empty", "", "endpoint: port is missing"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct allow_list allowed = {0};
        runner_row(rows[i].name);
        expect_outcome("add", allow_list_add(&allowed, slice_text(rows[i].text)), rows[i].refusal);
        expect_u64("count", allowed.count, rows[i].refusal ? 0 : 1);
    }
}

static void membership(void)
{
    static const struct {
        const char *text;
        bool is_allowed;
    } rows[] = {
        {"kms.test:443", true}, {"KMS.test:443", true},       {"kms.test:444", false},
        {"kms.tes:443", false}, {"kms.test.evil:443", false}, {"a.kms.test:443", false},
        {"10.0.0.1:80", true},  {"10.0.0.10:80", false},
    };
    struct allow_list allowed = {0};
    expect_ok("add", allow_list_add(&allowed, slice_text("Kms.Test:443")));
    expect_ok("add", allow_list_add(&allowed, slice_text("10.0.0.1:80")));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].text);
        const endpoint destination = entry(rows[i].text);
        expect_true("is allowed", allow_list_has(&allowed, &destination) == rows[i].is_allowed);
    }
    const struct allow_list none = {0};
    const endpoint destination = entry("kms.test:443");
    expect_true("an empty list allows nothing", !allow_list_has(&none, &destination));
}

static void lines(void)
{
    struct allow_list allowed = {0};
    expect_ok("add", allow_list_add_lines(&allowed, slice_text("# AWS\n\n  a:1  \n\tb:2\nc:3")));
    expect_u64("count", allowed.count, 3);
    const endpoint last = entry("c:3");
    expect_true("the last needs no line feed", allow_list_has(&allowed, &last));
    const status refused = allow_list_add_lines(&allowed, slice_text("d:4\n# x\ne\n"));
    expect_refused("refused", refused, "endpoint: port is missing");
    expect_u64("line", (uint64_t)refused.detail, 3);
}

static void limit(void)
{
    struct allow_list allowed = {0};
    char text[32];
    for (size_t i = 0; i <= ALLOW_LIST_COUNT_MAX; i++) {
        snprintf(text, sizeof text, "host%zu:1", i);
        expect_outcome("add", allow_list_add(&allowed, slice_text(text)),
                       i < ALLOW_LIST_COUNT_MAX ? NULL : "allow_list: has too many entries");
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"entries", entries},
        {"membership", membership},
        {"lines", lines},
        {"limit", limit},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
