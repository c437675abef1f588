#include "http/uri.h"

#include <string.h>

#include "runner.h"

static const struct {
    const char *name, *text, *host, *path, *query, *refusal;
    uint16_t port;
} rows[] = {
    {"plain", "http://a.example/b?c=d", "a.example", "/b", "c=d", NULL, 80},
    {"tls", "https://a/", "a", "/", "", NULL, 443},
    {"nothing after the host", "https://a", "a", "/", "", NULL, 443},
    {"query without a path", "http://a?b", "a", "/", "b", NULL, 80},
    {"second question mark", "http://a/?b?c", "a", "/", "b?c", NULL, 80},
    {"port", "http://127.0.0.1:8080/x", "127.0.0.1", "/x", "", NULL, 8080},
    {"highest port", "http://a:65535", "a", "/", "", NULL, 65535},
    {"IPv6", "http://[fd00:ec2::254]:80/", "fd00:ec2::254", "/", "", NULL, 80},
    {"slash in a query", "http://a?b/c", "a", "/", "b/c", NULL, 80},

    {"no scheme", "a/b", NULL, NULL, NULL, "uri: must begin with http:// or https://", 0},
    {"another scheme", "ftp://a/", NULL, NULL, NULL, "uri: must begin with http:// or https://", 0},
    {"scheme in upper case", "HTTP://a/", NULL, NULL, NULL,
     "uri: must begin with http:// or https://", 0},
    {"no host", "http:///x", NULL, NULL, NULL, "uri: host is not a name", 0},
    {"port without a host", "http://:80/", NULL, NULL, NULL, "uri: host is not a name", 0},
    {"tilde in a name", "http://a~b/", NULL, NULL, NULL, "uri: host is not a name", 0},
    {"user", "http://u@a/", NULL, NULL, NULL, "uri: host is not a name", 0},
    {"user and password", "http://u:p@a/", NULL, NULL, NULL, "uri: port must be 1 to 65535", 0},
    {"port zero", "http://a:0/", NULL, NULL, NULL, "uri: port must be 1 to 65535", 0},
    {"port too high", "http://a:65536/", NULL, NULL, NULL, "uri: port must be 1 to 65535", 0},
    {"empty port", "http://a:/", NULL, NULL, NULL, "uri: port must be 1 to 65535", 0},
    {"bracket not closed", "http://[::1/", NULL, NULL, NULL, "uri: a bracket is not closed", 0},
    {"bracket with a name", "http://[x]/", NULL, NULL, NULL, "uri: host is not an IPv6 address", 0},
    {"empty bracket", "http://[]/", NULL, NULL, NULL, "uri: host is not an IPv6 address", 0},
    {"text after a bracket", "http://[::1]x/", NULL, NULL, NULL, "uri: port must be 1 to 65535", 0},
    {"blank", "http://a/ b", NULL, NULL, NULL,
     "uri: has a blank, a fragment or a character that must be encoded", 0},
    {"line break", "http://a/\r\n", NULL, NULL, NULL,
     "uri: has a blank, a fragment or a character that must be encoded", 0},
    {"fragment", "http://a/#b", NULL, NULL, NULL,
     "uri: has a blank, a fragment or a character that must be encoded", 0},
};

static void parse_rows(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct uri uri = {0};
        runner_row(rows[i].name);
        const status got = uri_parse(slice_text(rows[i].text), &uri);
        if (!expect_outcome("uri_parse", got, rows[i].refusal) || rows[i].refusal) continue;
        expect_text("host", uri.host, rows[i].host);
        expect_text("path", uri.path, rows[i].path);
        expect_text("query", uri.query, rows[i].query);
        expect_u64("port", uri.port, rows[i].port);
        expect_true("tls", uri.is_tls == (rows[i].text[4] == 's'));
    }
}

static void parse_limits(void)
{
    uint8_t text[URI_SIZE_MAX + 1];
    struct uri uri;
    memset(text, 'a', sizeof text);
    memcpy(text, "http://a/", 9);
    expect_ok("longest", uri_parse(slice_of(text, URI_SIZE_MAX), &uri));
    expect_refused("one more", uri_parse(slice_of(text, URI_SIZE_MAX + 1), &uri),
                   "uri: is too long");
    text[8] = 'a';
    expect_ok("longest host", uri_parse(slice_of(text, 7 + URI_HOST_SIZE_MAX), &uri));
    expect_refused("one more", uri_parse(slice_of(text, 7 + URI_HOST_SIZE_MAX + 1), &uri),
                   "uri: host is too long");
}

static void targets(void)
{
    slice path = {0}, query = {0};
    expect_ok("both", uri_parse_target(slice_text("/a?b?c"), &path, &query));
    expect_text("path", path, "/a");
    expect_text("query", query, "b?c");
    expect_ok("path alone", uri_parse_target(slice_text("/a"), &path, &query));
    expect_text("query", query, "");
    expect_refused("no slash", uri_parse_target(slice_text("a"), &path, &query),
                   "uri: a target must begin with a slash");
    expect_refused("empty", uri_parse_target(slice_text(""), &path, &query),
                   "uri: a target must begin with a slash");
}

static void encoding(void)
{
    uint8_t text[768], back[256], all[256];
    struct builder builder, decoded;
    for (size_t i = 0; i < sizeof all; i++) all[i] = (uint8_t)i;
    builder_init(&builder, text, sizeof text);
    uri_put_encoded(&builder, slice_of(all, sizeof all));
    builder_init(&decoded, back, sizeof back);
    expect_ok("decode", uri_put_decoded(&decoded, builder_view(&builder)));
    expect_bytes("every byte comes back", builder_view(&decoded), slice_of(all, sizeof all));
    builder_init(&builder, text, sizeof text);
    uri_put_encoded(&builder, slice_text("aZ09-._~ +/%\xe1"));
    expect_text("encoded", builder_view(&builder), "aZ09-._~%20%2B%2F%25%E1");
    builder_init(&builder, text, sizeof text);
    uri_put_encoded_path(&builder, slice_text("/a b/c"));
    expect_text("path", builder_view(&builder), "/a%20b/c");
    builder_init(&decoded, back, sizeof back);
    expect_ok("either case", uri_put_decoded(&decoded, slice_text("%2f%2F+")));
    expect_text("decoded", builder_view(&decoded), "//+");
    expect_refused("one digit", uri_put_decoded(&decoded, slice_text("%2")),
                   "uri: a percent sign needs two hex digits");
    expect_refused("no first digit", uri_put_decoded(&decoded, slice_text("%g0")),
                   "uri: a percent sign needs two hex digits");
    expect_refused("no second digit", uri_put_decoded(&decoded, slice_text("%0g")),
                   "uri: a percent sign needs two hex digits");
}

static void normal_paths(void)
{
    static const struct {
        const char *path, *normal;
    } paths[] = {
        {"", "/"},
        {"/", "/"},
        {"//", "/"},
        {"/a", "/a"},
        {"/a/", "/a/"},
        {"//a//b//", "/a/b/"},
        {"/./a", "/a"},
        {"/a/../b", "/b"},
        {"/../a", "/a"},
        {"/a/..", "/"},
        {"/a/b/../..", "/"},
        {"/a/../", "/"},
        {"/..a/.b/", "/..a/.b/"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        uint8_t text[64];
        struct builder builder;
        runner_row(paths[i].path);
        builder_init(&builder, text, sizeof text);
        expect_ok("normal", uri_put_normal_path(&builder, slice_text(paths[i].path)));
        expect_text("path", builder_view(&builder), paths[i].normal);
    }
}

static void canonical_queries(void)
{
    static const struct {
        const char *query, *canonical, *refusal;
    } queries[] = {
        {"", "", NULL},
        {"a", "a=", NULL},
        {"a=", "a=", NULL},
        {"=b", "=b", NULL},
        {"b=2&a=1", "a=1&b=2", NULL},
        {"a=2&a=1&a=", "a=&a=1&a=2", NULL},
        {"a&&b", "a=&b=", NULL},
        {"a=b=c", "a=b%3Dc", NULL},
        {"a=%7e%41 +", "a=~A%20%2B", NULL},
        {"aB=1&ab=1&AB=1", "AB=1&aB=1&ab=1", NULL},
        {"a=1&ab=2&a-=3", "a=1&a-=3&ab=2", NULL},
        {"a=%", NULL, "uri: a percent sign needs two hex digits"},
        {"%zz=a", NULL, "uri: a percent sign needs two hex digits"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(queries); i++) {
        uint8_t text[64];
        struct builder builder;
        runner_row(queries[i].query);
        builder_init(&builder, text, sizeof text);
        const status got = uri_put_canonical_query(&builder, slice_text(queries[i].query));
        if (!expect_outcome("canonical", got, queries[i].refusal) || queries[i].refusal) continue;
        expect_text("query", builder_view(&builder), queries[i].canonical);
    }
}

static void canonical_limits(void)
{
    static uint8_t query[URI_QUERY_SIZE_MAX + 1], text[4 * URI_QUERY_SIZE_MAX];
    struct builder builder;
    memset(query, '+', sizeof query);
    builder_init(&builder, text, sizeof text);
    expect_ok("longest query",
              uri_put_canonical_query(&builder, slice_of(query, sizeof query - 1)));
    expect_u64("tripled", builder.size, 3 * URI_QUERY_SIZE_MAX + 1);
    expect_refused("one more", uri_put_canonical_query(&builder, slice_of(query, sizeof query)),
                   "uri: query is too long");
    for (size_t i = 0; i < sizeof query; i++) query[i] = i % 2 == 0 ? 'a' : '&';
    expect_ok("most parameters",
              uri_put_canonical_query(&builder, slice_of(query, 2 * URI_QUERY_COUNT_MAX)));
    expect_refused("one more",
                   uri_put_canonical_query(&builder, slice_of(query, 2 * URI_QUERY_COUNT_MAX + 1)),
                   "uri: query has too many parameters");
    for (size_t i = 0; i < sizeof query; i++) query[i] = i % 2 == 0 ? '/' : 'a';
    expect_ok("deepest path",
              uri_put_normal_path(&builder, slice_of(query, 2 * URI_SEGMENT_COUNT_MAX)));
    expect_refused("one more",
                   uri_put_normal_path(&builder, slice_of(query, 2 * URI_SEGMENT_COUNT_MAX + 2)),
                   "uri: path is too deep");
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"parse rows", parse_rows},
        {"parse limits", parse_limits},
        {"targets", targets},
        {"encoding", encoding},
        {"normal paths", normal_paths},
        {"canonical queries", canonical_queries},
        {"canonical limits", canonical_limits},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
