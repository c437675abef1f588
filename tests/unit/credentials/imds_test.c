#include "credentials/imds.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/listener.h"
#include "net/tcp.h"
#include "os/clock.h"
#include "runner.h"

enum { LINE_COUNT_MAX = 16 };

/* One exchange: how the request must begin, what else it must have, and the answer. */
struct line {
    const char *start, *has, *code, *body;
};

static struct {
    struct listener listener;
    pthread_t thread;
    const struct line *lines;
    size_t line_count;
    atomic_int served_count, wrong_count;
    atomic_bool is_stopping;
} service;

static struct credentials_imds imds;
static struct aws_credentials credentials;
static atomic_llong now_ms;

static int64_t read_time(void *context)
{
    (void)context;
    return atomic_load(&now_ms);
}

#define ROLE "/latest/meta-data/iam/security-credentials/"
#define GOOD                                                                                       \
    "{\"Code\":\"Success\",\"LastUpdated\":\"2026-01-02T03:04:05Z\",\"Type\":\"AWS-HMAC\","        \
    "\"AccessKeyId\":\"ASIAEXAMPLE000000001\",\"SecretAccessKey\":\"secret\",\"Token\":\"token\"," \
    "\"Expiration\":\"2026-01-02T09:04:05Z\"}"
#define TOKEN_LINE                                                           \
    {                                                                        \
        "PUT /latest/api/token ", "oken-ttl-seconds: 21600", "200 OK", "T-1" \
    }
#define ROLE_LINE                                    \
    {                                                \
        "GET " ROLE " ", "T-1", "200 OK", "the-role" \
    }
#define GOOD_LINE                                      \
    {                                                  \
        "GET " ROLE "the-role ", "T-1", "200 OK", GOOD \
    }

static void serve_one(int descriptor)
{
    char request[4096], answer[4096];
    size_t size = 0;
    for (;;) {
        const ssize_t step = recv(descriptor, request + size, sizeof request - size - 1, 0);
        if (step <= 0) return;
        size += (size_t)step;
        request[size] = 0;
        if (!strstr(request, "\r\n\r\n")) continue;
        size = 0;
        const int index = atomic_fetch_add(&service.served_count, 1);
        if ((size_t)index >= service.line_count) {
            atomic_fetch_add(&service.wrong_count, 1);
            return;
        }
        const struct line *line = &service.lines[index];
        if (strncmp(request, line->start, strlen(line->start)) != 0 ||
            !strstr(request, line->has) || strstr(request, "orwarded")) {
            fprintf(stderr, "not what was expected as number %d:\n%s\n", index, request);
            atomic_fetch_add(&service.wrong_count, 1);
        }
        if (!line->code) return; /* hangs up */
        const int length =
            snprintf(answer, sizeof answer,
                     "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n%s",
                     line->code, strlen(line->body), line->body);
        if (send(descriptor, answer, (size_t)length, MSG_NOSIGNAL) < 0) return;
    }
}

static void *run(void *context)
{
    (void)context;
    while (!atomic_load(&service.is_stopping)) {
        struct pollfd waiting = {service.listener.descriptor, POLLIN, 0};
        if (poll(&waiting, 1, 20) != 1) continue;
        const int descriptor = accept(service.listener.descriptor, NULL, NULL);
        const struct timeval patience = {0, 500000};
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        serve_one(descriptor);
        close(descriptor);
    }
    return NULL;
}

static void open_both(const struct line *lines, size_t line_count)
{
    char address[64];
    endpoint where;
    memset(&service, 0, sizeof service);
    service.lines = lines;
    service.line_count = line_count;
    expect_ok("parse", endpoint_parse(slice_text("tcp:127.0.0.1:0"), &where));
    expect_ok("listen", listener_open(&where, &service.listener));
    pthread_create(&service.thread, NULL, run, NULL);
    snprintf(address, sizeof address, "http://127.0.0.1:%u", service.listener.bound.port);
    atomic_store(&now_ms, clock_monotonic_ms());
    const struct credentials_imds_settings settings = {
        address, tcp_dial, {read_time, read_time, NULL}};
    expect_ok("open", credentials_imds_open(&imds, &settings));
}

static void close_both(void)
{
    credentials_imds_close(&imds);
    atomic_store(&service.is_stopping, true);
    pthread_join(service.thread, NULL);
    listener_close(&service.listener);
    expect_u64("exchanges", (uint64_t)atomic_load(&service.served_count), service.line_count);
    expect_u64("as scripted", (uint64_t)atomic_load(&service.wrong_count), 0);
}

static status fetch(void)
{
    const struct credentials_fetcher fetcher = credentials_imds_fetcher(&imds);
    return fetcher.fetch(fetcher.context, clock_deadline_ms(5000), &credentials);
}

static void token_is_kept(void)
{
    static const struct line lines[] = {TOKEN_LINE, ROLE_LINE, GOOD_LINE, ROLE_LINE, GOOD_LINE};
    open_both(lines, ARRAY_COUNT(lines));
    expect_ok("first", fetch());
    expect_text("id", aws_credentials_id(&credentials), "ASIAEXAMPLE000000001");
    expect_u64("expiry", (uint64_t)credentials.expires_at_s, 1767344645);
    expect_ok("second, with the same token", fetch());
    close_both();
}

static void token_runs_out(void)
{
    static const struct line lines[] = {TOKEN_LINE, ROLE_LINE, GOOD_LINE,
                                        TOKEN_LINE, ROLE_LINE, GOOD_LINE};
    open_both(lines, ARRAY_COUNT(lines));
    expect_ok("first", fetch());
    atomic_fetch_add(&now_ms, (int64_t)21595 * 1000);
    expect_ok("second, with a new token", fetch());
    close_both();
}

static void token_is_not_known_any_more(void)
{
    static const struct line lines[] = {TOKEN_LINE,
                                        {"GET " ROLE " ", "T-1", "401 Unauthorized", ""},
                                        TOKEN_LINE,
                                        ROLE_LINE,
                                        GOOD_LINE};
    open_both(lines, ARRAY_COUNT(lines));
    expect_ok("a new one helps", fetch());
    close_both();
}

static void token_is_never_known(void)
{
    static const struct line lines[] = {TOKEN_LINE,
                                        {"GET " ROLE " ", "T-1", "401 Unauthorized", ""},
                                        TOKEN_LINE,
                                        {"GET " ROLE " ", "T-1", "401 Unauthorized", ""}};
    open_both(lines, ARRAY_COUNT(lines));
    expect_kind("given up", fetch(), FAILURE_UNAVAILABLE);
    close_both();
}

/* There is no way back to version 1: nothing is asked without a token. */
static void no_token(void)
{
    static const struct line lines[] = {{"PUT /latest/api/token ", "", "403 Forbidden", ""}};
    open_both(lines, ARRAY_COUNT(lines));
    expect_true("refused", !status_is_ok(fetch()));
    close_both();
}

static void no_role(void)
{
    static const struct line lines[] = {TOKEN_LINE, {"GET " ROLE " ", "T-1", "404 Not Found", ""}};
    open_both(lines, ARRAY_COUNT(lines));
    expect_kind("none here", fetch(), FAILURE_NOT_FOUND);
    close_both();
}

static void bad_answers(void)
{
    static const struct {
        const char *name, *code, *body;
    } rows[] = {
        {"not JSON", "200 OK", "credentials"},
        {"role not trusted", "200 OK", "{\"Code\":\"AssumeRoleUnauthorizedAccess\"}"},
        {"server's failure", "500 Internal Server Error", ""},
        {"throttled", "503 Service Unavailable", ""},
        {"hangs up", NULL, NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct line lines[] = {TOKEN_LINE,
                                     ROLE_LINE,
                                     {"GET " ROLE "the-role ", "T-1", rows[i].code, rows[i].body},
                                     {"GET " ROLE "the-role ", "T-1", rows[i].code, rows[i].body}};
        runner_row(rows[i].name);
        /* A kept connection that dies is tried once more, by a new one. */
        open_both(lines, rows[i].code ? 3 : 4);
        expect_true("refused", !status_is_ok(fetch()));
        close_both();
    }
}

static void addresses(void)
{
    static const struct {
        const char *address, *host;
        bool is_good;
    } rows[] = {
        {"http://169.254.169.254", "169.254.169.254", true},
        {"http://169.254.169.254/", "169.254.169.254", true},
        {"http://localhost:1338", "localhost:1338", true},
        {"http://[fd00:ec2::254]", "[fd00:ec2::254]", true},
        {"https://169.254.169.254", NULL, false},
        {"http://169.254.169.254/latest", NULL, false},
        {"http://169.254.169.254/?a", NULL, false},
        {"169.254.169.254", NULL, false},
        {"", NULL, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct credentials_imds_settings settings = {rows[i].address, tcp_dial,
                                                           clock_system()};
        runner_row(rows[i].address);
        const status opened = credentials_imds_open(&imds, &settings);
        expect_true("accepted or not", status_is_ok(opened) == rows[i].is_good);
        if (rows[i].host) expect_text("host", slice_text(imds.host), rows[i].host);
        credentials_imds_close(&imds);
    }
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"token is kept", token_is_kept},
        {"token runs out", token_runs_out},
        {"token is not known any more", token_is_not_known_any_more},
        {"token is never known", token_is_never_known},
        {"no token", no_token},
        {"no role", no_role},
        {"bad answers", bad_answers},
        {"addresses", addresses},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
