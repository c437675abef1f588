#include "cli/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "runner.h"
#include "transcript.h"

static char token_path[64];

static void write_token(const char *text, unsigned mode)
{
    FILE *file = fopen(token_path, "w");
    if (!expect_true("file", file != NULL)) return;
    (void)fputs(text, file);
    (void)fclose(file);
    (void)chmod(token_path, mode);
}

static status open_url(const char *url, const char *token_file, struct client *client)
{
    const struct client_settings settings = {.url = url, .token_file = token_file};
    return client_open(&settings, client);
}

static void urls(void)
{
    static const struct {
        const char *url;
        enum failure_kind kind; /* 0: fine */
        const char *host;
    } rows[] = {
        {"http://127.0.0.1:8080", 0, "127.0.0.1:8080"},
        {"http://127.0.0.1:8080/", 0, "127.0.0.1:8080"},
        {"http://localhost", 0, "localhost:80"},
        {"http://[::1]:9", 0, "[::1]:9"},
        {"http://wallet.example:1", 0, "wallet.example:1"},
        {"unix:/run/enw.sock", 0, "localhost"},
        {"unix:relative", FAILURE_BAD_INPUT, NULL},
        {"http://127.0.0.1:8080/v1", FAILURE_BAD_INPUT, NULL},
        {"http://127.0.0.1:8080?x=1", FAILURE_BAD_INPUT, NULL},
        {"http://user@127.0.0.1:8080", FAILURE_BAD_INPUT, NULL},
        {"http://127.0.0.1:0x50", FAILURE_BAD_INPUT, NULL},
        {"127.0.0.1:8080", FAILURE_BAD_INPUT, NULL},
        {"ftp://127.0.0.1", FAILURE_BAD_INPUT, NULL},
        {"", FAILURE_BAD_INPUT, NULL},
        {"https://wallet.example", FAILURE_BAD_INPUT, NULL}, /* without --ca-file */
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct client client;
        runner_row(rows[i].url);
        const status opened = open_url(rows[i].url, NULL, &client);
        if (rows[i].kind != 0) expect_kind("open", opened, rows[i].kind);
        else if (expect_ok("open", opened))
            expect_text("host", slice_text(client.host), rows[i].host);
        client_close(&client);
        client_close(&client);
    }
}

/* A token goes to this machine, or through TLS; never in clear over a network. */
static void where_a_token_goes(void)
{
    static const struct {
        const char *url;
        bool is_fine;
    } rows[] = {
        {"http://127.0.0.1:8080", true},  {"http://127.9.9.9:8080", true},
        {"http://[::1]:8080", true},      {"http://localhost:8080", true},
        {"unix:/run/enw.sock", true},     {"http://10.0.0.1:8080", false},
        {"http://wallet.example", false}, {"http://localhost.example", false},
    };
    write_token("0123456789\n", 0600);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct client client;
        runner_row(rows[i].url);
        const status opened = open_url(rows[i].url, token_path, &client);
        if (rows[i].is_fine) expect_ok("open", opened);
        else expect_kind("open", opened, FAILURE_DENIED);
        client_close(&client);
    }
}

static void token_files(void)
{
    static char long_token[258];
    static const struct {
        const char *name, *text;
        unsigned mode;
        enum failure_kind kind;
    } rows[] = {
        {"good", "secret\n", 0600, 0},
        {"read-only", "secret", 0400, 0},
        {"readable by others", "secret", 0604, FAILURE_DENIED},
        {"readable by the group", "secret", 0640, FAILURE_DENIED},
        {"empty", "", 0600, FAILURE_BAD_INPUT},
        {"a line break", "\n", 0600, FAILURE_BAD_INPUT},
        {"two lines", "a\nb", 0600, FAILURE_BAD_INPUT},
        {"a blank", "a b", 0600, FAILURE_BAD_INPUT},
        {"not ASCII", "\xc3\xa4", 0600, FAILURE_BAD_INPUT},
        {"longest", long_token + 1, 0600, 0},
        {"one longer", long_token, 0600, FAILURE_BAD_INPUT},
    };
    memset(long_token, 't', sizeof long_token - 1);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        static struct client client;
        runner_row(rows[i].name);
        (void)unlink(token_path);
        write_token(rows[i].text, rows[i].mode);
        const status opened = open_url("unix:/run/enw.sock", token_path, &client);
        if (rows[i].kind == 0) expect_ok("open", opened);
        else expect_kind("open", opened, rows[i].kind);
        client_close(&client);
    }
    static struct client client;
    runner_row("absent");
    (void)unlink(token_path);
    expect_kind("open", open_url("unix:/run/enw.sock", token_path, &client), FAILURE_BAD_INPUT);
}

static void token_is_sent(void)
{
    static struct client client;
    SCOPED(arena_close) struct arena arena = {0};
    char url[80];
    struct client_reply reply;
    const struct client_call call = {
        .method = "GET", .target = slice_text("/healthz"), .deadline_ms = clock_deadline_ms(5000)};
    snprintf(url, sizeof url, "unix:%s", transcript_path());
    expect_ok("arena", arena_open(&arena, CLIENT_ARENA_SIZE));
    for (size_t i = 0; i < 2; i++) {
        runner_row(i == 0 ? "with token" : "without");
        (void)unlink(token_path);
        write_token("0123456789\n", 0600);
        transcript_reset();
        transcript_answer(200, "{\"a\":1}");
        expect_ok("open", open_url(url, i == 0 ? token_path : NULL, &client));
        if (expect_ok("send", client_send(&client, &call, &arena, &reply))) {
            expect_u64("code", reply.code, 200);
            expect_text("body", reply.body, "{\"a\":1}");
        }
        expect_text("authorization", transcript_authorization(), i == 0 ? "Bearer 0123456789" : "");
        expect_text("request", transcript_seen(0), "GET /healthz\n");
        client_close(&client);
        expect_u64("token is wiped", client.token.size, 0);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"urls", urls},
        {"where a token goes", where_a_token_goes},
        {"token files", token_files},
        {"token is sent", token_is_sent},
    };
    snprintf(token_path, sizeof token_path, "/tmp/enw-client-test-%ld", (long)getpid());
    transcript_open();
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    transcript_close();
    (void)unlink(token_path);
    return code;
}
