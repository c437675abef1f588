#include <string.h>

#include "runner.h"
#include "transcript.h"

static const char alice[] =
    "{\"name\":\"alice\",\"address\":\"0x70997970C51812dc3A010C7d01b50e0d17dc79C8\","
    "\"publicKey\":\"0x04aa\",\"keyId\":\"arn:k\",\"version\":1,"
    "\"createdAt\":\"2026-01-02T03:04:05Z\"}";

static void create(void)
{
    transcript_reset();
    transcript_answer(201, alice);
    const struct transcript run = transcript_run("", "account", "create", "alice", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_text("request", transcript_seen(0), "POST /v1/accounts\n{\"name\":\"alice\"}");
    expect_text("out", run.out,
                "name        alice\n"
                "address     0x70997970C51812dc3A010C7d01b50e0d17dc79C8\n"
                "public key  0x04aa\n"
                "KMS key     arn:k\n"
                "version     1\n"
                "created     2026-01-02T03:04:05Z\n");
    expect_text("err", run.err, "");
}

static void create_as_json(void)
{
    transcript_reset();
    transcript_answer(201, alice);
    const struct transcript run = transcript_run("", "account", "create", "--json", "alice", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_true("as it is", slice_has_start(run.out, slice_text(alice)));
    expect_u64("and a line break", run.out.size, sizeof alice);
}

static void refusals(void)
{
    static const struct {
        unsigned http_code;
        const char *body;
        int code;
        const char *err;
    } rows[] = {
        {400, "{\"error\":{\"code\":\"bad_input\",\"message\":\"name: is not one\"}}", 3,
         "enw: name: is not one (bad_input, HTTP 400)\n"},
        {401, "{\"error\":{\"code\":\"unauthorized\",\"message\":\"no token\"}}", 4,
         "enw: no token (unauthorized, HTTP 401)\n"},
        {403, "{\"error\":{\"code\":\"denied\",\"message\":\"no\"}}", 4,
         "enw: no (denied, HTTP 403)\n"},
        {404, "{\"error\":{\"code\":\"account_not_found\",\"message\":\"none\"}}", 5,
         "enw: none (account_not_found, HTTP 404)\n"},
        {409, "{\"error\":{\"code\":\"account_exists\",\"message\":\"taken\"}}", 6,
         "enw: taken (account_exists, HTTP 409)\n"},
        {503, "{\"error\":{\"code\":\"unavailable\",\"message\":\"later\"}}", 7,
         "enw: later (unavailable, HTTP 503)\n"},
        {500, "{\"error\":{\"code\":\"internal\",\"message\":\"oh\"}}", 8,
         "enw: oh (internal, HTTP 500)\n"},
        {413, "{\"error\":{\"code\":\"body_too_large\",\"message\":\"big\"}}", 9,
         "enw: big (body_too_large, HTTP 413)\n"},
        {429, "{\"error\":{\"code\":\"over_limit\",\"message\":\"slow\"}}", 9,
         "enw: slow (over_limit, HTTP 429)\n"},
        {500, "{\"error\":{\"code\":\"corrupt\",\"message\":\"bits\"}}", 10,
         "enw: bits (corrupt, HTTP 500)\n"},
        {500, "<html>", 8, "enw: (HTTP 500)\n"},
        {302, "", 8, "enw: (HTTP 302)\n"},
        {404, "{\"error\":{\"code\":\"x\\u001b[2J\",\"message\":\"\\u202e\"}}", 5,
         "enw: \\u{202E} (x\\x1b[2J, HTTP 404)\n"},
        {200, "not JSON", 10, "enw: the service's answer is not a JSON object\n"},
        {200, "[]", 10, "enw: the service's answer is not a JSON object\n"},
        {201, "{}", 10, "enw: the service's answer lacks a field\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].body);
        transcript_reset();
        transcript_answer(rows[i].http_code, rows[i].body);
        const struct transcript run = transcript_run("", "account", "create", "alice", NULL);
        expect_u64("code", (uint64_t)run.code, (uint64_t)rows[i].code);
        expect_text("err", run.err, rows[i].err);
        expect_text("out", run.out, "");
    }
}

/* A create whose answer is lost is not sent again: the second would say that it exists. */
static void never_sent_twice(void)
{
    transcript_reset();
    const struct transcript run = transcript_run("", "account", "create", "alice", NULL);
    expect_u64("code", (uint64_t)run.code, 7);
    expect_u64("requests", transcript_seen_count(), 1);
}

static void show(void)
{
    transcript_reset();
    transcript_answer(200, "{\"name\":\"a\\u001b[1m\",\"address\":\"0xA\",\"keyId\":\"k\","
                           "\"version\":9223372036854775807,\"createdAt\":\"t\"}");
    const struct transcript run = transcript_run("", "account", "show", "al ice/../%", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_text("request", transcript_seen(0), "GET /v1/accounts/al%20ice%2F..%2F%25\n");
    expect_text("out", run.out,
                "name        a\\x1b[1m\n"
                "address     0xA\n"
                "KMS key     k\n"
                "version     9223372036854775807\n"
                "created     t\n");
}

static void ids_that_cannot_be(void)
{
    static char long_id[130];
    static const char *const ids[] = {"", ".", "..", long_id};
    memset(long_id, 'n', sizeof long_id - 1);
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        runner_row_at("id", i);
        transcript_reset();
        const struct transcript run = transcript_run("", "account", "show", ids[i], NULL);
        expect_u64("code", (uint64_t)run.code, 3);
        expect_u64("requests", transcript_seen_count(), 0);
    }
}

static void list_all_pages(void)
{
    transcript_reset();
    transcript_answer(200, "{\"accounts\":[{\"name\":\"a\",\"address\":\"0x1\"},"
                           "{\"name\":\"b\",\"address\":\"0x2\"}],\"next\":\"AW I\"}");
    transcript_answer(200, "{\"accounts\":[],\"next\":\"x\"}");
    transcript_answer(200,
                      "{\"accounts\":[{\"name\":\"c\\n\",\"address\":\"0x3\"}],\"next\":null}");
    const struct transcript run = transcript_run("", "account", "list", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_text("out", run.out, "0x1  a\n0x2  b\n0x3  c\\n\n");
    expect_text("first", transcript_seen(0), "GET /v1/accounts?limit=100\n");
    expect_text("second", transcript_seen(1), "GET /v1/accounts?limit=100&cursor=AW%20I\n");
    expect_text("third", transcript_seen(2), "GET /v1/accounts?limit=100&cursor=x\n");
}

static void list_some(void)
{
    static const char page[] = "{\"accounts\":[{\"name\":\"a\",\"address\":\"0x1\"},"
                               "{\"name\":\"b\",\"address\":\"0x2\"}],\"next\":\"n\"}";
    transcript_reset();
    transcript_answer(200, page);
    struct transcript run =
        transcript_run("", "account", "list", "--limit", "2", "--cursor", "c", NULL);
    expect_u64("code", (uint64_t)run.code, 0);
    expect_text("request", transcript_seen(0), "GET /v1/accounts?limit=2&cursor=c\n");
    expect_u64("requests", transcript_seen_count(), 1);
    transcript_reset();
    run = transcript_run("", "account", "list", "--limit", "0", NULL);
    expect_u64("none", (uint64_t)run.code, 3);
    transcript_reset();
    transcript_answer(200, page);
    transcript_answer(200, "{\"accounts\":[],\"next\":null}");
    run = transcript_run("", "account", "list", "--json", NULL);
    expect_u64("json", (uint64_t)run.code, 0);
    expect_u64("lines", run.out.size, sizeof page + sizeof "{\"accounts\":[],\"next\":null}");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"create", create},
        {"create as JSON", create_as_json},
        {"refusals", refusals},
        {"never sent twice", never_sent_twice},
        {"show", show},
        {"ids that cannot be", ids_that_cannot_be},
        {"list all pages", list_all_pages},
        {"list some", list_some},
    };
    transcript_open();
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    transcript_close();
    return code;
}
