#include "parent/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner.h"

enum { ARGUMENT_COUNT_MAX = 12 };

#define USUAL "--enclave=unix:/e.sock", "--store=memory:"

static char token_path[] = "/tmp/enw-options-XXXXXX";

static const struct {
    const char *name;
    const char *arguments[ARGUMENT_COUNT_MAX]; /* "TOKEN": --token-file with a good file */
    const char *refusal;
} rows[] = {
    {"usual", {USUAL, "TOKEN"}, NULL},
    {"no token, loopback", {USUAL, "--no-token"}, NULL},
    {"no token, IPv6 loopback", {USUAL, "--no-token", "--listen=tcp:[::1]:80"}, NULL},
    {"no token, localhost", {USUAL, "--no-token", "--listen=tcp:localhost:80"}, NULL},
    {"no token, Unix socket", {USUAL, "--no-token", "--listen=unix:/s.sock"}, NULL},
    {"no token for the world",
     {USUAL, "--no-token", "--listen=tcp:0.0.0.0:80"},
     "token: --no-token needs a loopback address or a Unix socket"},
    {"no token for the world, IPv6",
     {USUAL, "--no-token", "--listen=tcp:[::]:80"},
     "token: --no-token needs a loopback address or a Unix socket"},
    {"the world with a token", {USUAL, "TOKEN", "--listen=tcp:0.0.0.0:80"}, NULL},
    {"nothing said about tokens", {USUAL}, "token: --token-file is needed (or --no-token)"},
    {"both said",
     {USUAL, "TOKEN", "--no-token"},
     "token: --token-file and --no-token contradict each other"},
    {"listening on vsock",
     {USUAL, "TOKEN", "--listen=vsock:any:80"},
     "listen: must be tcp:ADDRESS:PORT or unix:/PATH"},
    {"certificate without key",
     {USUAL, "TOKEN", "--tls-certificate=/c.pem"},
     "tls: --tls-certificate and --tls-key belong together"},
    {"key without certificate",
     {USUAL, "TOKEN", "--tls-key=/k.pem"},
     "tls: --tls-certificate and --tls-key belong together"},
    {"client certificates without our own",
     {USUAL, "TOKEN", "--tls-client-ca=/c.pem"},
     "tls: --tls-client-ca needs --tls-certificate and --tls-key"},
};

static status read_row(const char *const *arguments, struct arena *arena, struct options *options)
{
    static struct flags flags;
    static char token_flag[64];
    char program[] = "enw-parent";
    union {
        const char *text;
        char *argument;
    } each[ARGUMENT_COUNT_MAX];
    char *argv[ARGUMENT_COUNT_MAX + 2] = {program};
    int argc = 1;
    snprintf(token_flag, sizeof token_flag, "--token-file=%s", token_path);
    for (size_t i = 0; i < ARGUMENT_COUNT_MAX && arguments[i]; i++) {
        each[i].text = strcmp(arguments[i], "TOKEN") == 0 ? token_flag : arguments[i];
        argv[argc++] = each[i].argument;
    }
    TRY(flags_parse(&options_program, argc, argv, &flags));
    return options_read(&flags, arena, options);
}

static void read_rows(void)
{
    struct arena arena;
    expect_ok("arena", arena_open(&arena, 4 << 20));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct options options;
        runner_row(rows[i].name);
        expect_outcome("read", read_row(rows[i].arguments, &arena, &options), rows[i].refusal);
        arena_empty(&arena);
    }
    arena_close(&arena);
}

static void bounds(void)
{
    static const struct {
        const char *flag;
        bool is_good;
    } values[] = {
        {"--enclave-connections=1", true},
        {"--enclave-connections=16", true},
        {"--enclave-connections=0", false},
        {"--enclave-connections=17", false},
        {"--record-cache=0", true},
        {"--record-cache=1000000", true},
        {"--record-cache=1000001", false},
        {"--workers=1", true},
        {"--workers=64", true},
        {"--workers=0", false},
        {"--workers=65", false},
        {"--workers=x", false},
        {"--log-level=debug", true},
        {"--log-level=loud", false},
    };
    struct arena arena;
    expect_ok("arena", arena_open(&arena, 4 << 20));
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
        const char *const arguments[ARGUMENT_COUNT_MAX] = {USUAL, "--no-token", values[i].flag};
        struct options options;
        runner_row(values[i].flag);
        const status read = read_row(arguments, &arena, &options);
        expect_true("accepted or not", status_is_ok(read) == values[i].is_good);
    }
    arena_close(&arena);
}

static void defaults(void)
{
    const char *const arguments[ARGUMENT_COUNT_MAX] = {USUAL, "TOKEN"};
    struct arena arena;
    struct options options;
    expect_ok("arena", arena_open(&arena, 4 << 20));
    expect_ok("read", read_row(arguments, &arena, &options));
    expect_text("loopback only", slice_text(options.listen.host), "127.0.0.1");
    expect_u64("port", options.listen.port, 8080);
    expect_true("token", options.tokens.is_required);
    expect_true("metrics are guarded", !options.metrics_are_open);
    expect_u64("cache", options.record_cache_count, 10000);
    expect_u64("connections", options.enclave_connection_count, 2);
    expect_text("imds", slice_text(options.imds_endpoint), "http://169.254.169.254");
    expect_true("no key named", !options.key_arn && !options.ready_file);
    arena_close(&arena);
}

int main(int argc, char **argv)
{
    static const char token[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG\n";
    static const struct runner_test tests[] = {
        {"read rows", read_rows},
        {"bounds", bounds},
        {"defaults", defaults},
    };
    const int file = mkstemp(token_path);
    if (write(file, token, sizeof token - 1) != (ssize_t)sizeof token - 1) return 2;
    close(file);
    const int result = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    unlink(token_path);
    return result;
}
