#include "credentials/container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/tcp.h"
#include "os/clock.h"
#include "runner.h"
#include "scripted_service.h"

#define GOOD                                                                    \
    "{\"AccessKeyId\":\"ASIAEXAMPLE000000001\",\"SecretAccessKey\":\"secret\"," \
    "\"Token\":\"token\",\"AccountId\":\"111122223333\","                       \
    "\"Expiration\":\"2026-01-02T09:04:05.123456789Z\"}"

static struct scripted_service service;
static struct credentials_container container;
static struct aws_credentials credentials;
static char folder[] = "/tmp/enw-container-XXXXXX", token_path[64];

static void set(const char *name, const char *value)
{
    if (value) setenv(name, value, 1);
    else unsetenv(name);
}

/* `path` is of an address at the service. */
static void set_all(const char *path, const char *token_file, const char *token)
{
    char text[128];
    snprintf(text, sizeof text, "http://127.0.0.1:%u%s", service.listener.bound.port,
             path ? path : "");
    set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL);
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI", path ? text : NULL);
    set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token_file);
    set("AWS_CONTAINER_AUTHORIZATION_TOKEN", token);
}

static status open_container(void)
{
    const struct credentials_container_settings settings = {"/nonexistent", tcp_dial,
                                                            clock_system()};
    return credentials_container_open(&container, &settings);
}

static status fetch(void)
{
    const struct credentials_fetcher fetcher = credentials_container_fetcher(&container);
    return fetcher.fetch(fetcher.context, clock_deadline_ms(5000), &credentials);
}

static void write_token(const char *text)
{
    FILE *file = fopen(token_path, "w");
    if (!expect_true("file", file && fputs(text, file) >= 0)) return;
    fclose(file);
}

/* The file is read again at every request, and wins over the token itself. */
static void token_file_is_renewed(void)
{
    static const struct scripted_line lines[] = {
        {"GET /v1/credentials HTTP/1.1\r\n", "\r\nAuthorization: one\r\n", "TEXT", "200 OK", GOOD},
        {"GET /v1/credentials HTTP/1.1\r\n", "\r\nAuthorization: two\r\n", "TEXT", "200 OK", GOOD},
    };
    scripted_service_open(&service, NULL, lines, ARRAY_COUNT(lines));
    write_token("one");
    set_all("/v1/credentials", token_path, "TEXT");
    expect_ok("open", open_container());
    expect_ok("first", fetch());
    expect_text("id", aws_credentials_id(&credentials), "ASIAEXAMPLE000000001");
    expect_u64("expiry", (uint64_t)credentials.expires_at_s, 1767344645);
    expect_true("not kept", container.token->size == 0);
    write_token("two");
    expect_ok("second", fetch());
    credentials_container_close(&container);
    scripted_service_close(&service);
}

static void token_of_the_environment(void)
{
    static const struct scripted_line lines[] = {
        {"GET /c?a=b ", "\r\nAuthorization: Basic abc\r\n", NULL, "200 OK", GOOD},
        {"GET /c?a=b ", "\r\nAuthorization: Basic abc\r\n", NULL, "200 OK", GOOD},
    };
    scripted_service_open(&service, NULL, lines, ARRAY_COUNT(lines));
    set_all("/c?a=b", NULL, "Basic abc");
    expect_ok("open", open_container());
    const char *left = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    expect_true("the environment forgets it", !left || left[0] == 0);
    expect_ok("first", fetch());
    expect_ok("second", fetch());
    credentials_container_close(&container);
    scripted_service_close(&service);
}

static void no_token(void)
{
    static const struct scripted_line lines[] = {
        {"GET /c ", "\r\nAccept: application/json\r\n", "uthorization", "200 OK", GOOD}};
    scripted_service_open(&service, NULL, lines, ARRAY_COUNT(lines));
    set_all("/c", NULL, NULL);
    expect_ok("open", open_container());
    expect_ok("fetch", fetch());
    credentials_container_close(&container);
    scripted_service_close(&service);
}

/* Nothing is sent with such a token; and never is it "there are none here". */
static void bad_token_files(void)
{
    static const struct {
        const char *text;
        enum failure_kind kind;
    } rows[] = {{"tok\r\nHost: x", FAILURE_BAD_INPUT},
                {"token\n", FAILURE_BAD_INPUT},
                {"", FAILURE_BAD_INPUT},
                {NULL, FAILURE_UNAVAILABLE}};
    scripted_service_open(&service, NULL, NULL, 0);
    set_all("/c", token_path, NULL);
    expect_ok("open", open_container());
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].text ? rows[i].text : "no file");
        unlink(token_path);
        if (rows[i].text) write_token(rows[i].text);
        expect_kind("refused", fetch(), rows[i].kind);
    }
    credentials_container_close(&container);
    scripted_service_close(&service);
}

static status dial_nowhere(const endpoint *target, int64_t deadline_ms, struct stream *stream)
{
    (void)target;
    (void)deadline_ms;
    (void)stream;
    FAIL(NOT_FOUND, 0, "test: no such host");
}

/* A name that is not known for a while must not send the chain on to another role. */
static void no_such_host(void)
{
    const struct credentials_container_settings settings = {"/nonexistent", dial_nowhere,
                                                            clock_system()};
    set_all(NULL, NULL, NULL);
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/c");
    expect_ok("open", credentials_container_open(&container, &settings));
    expect_kind("fails", fetch(), FAILURE_UNAVAILABLE);
    credentials_container_close(&container);
}

static void bad_answers(void)
{
    static const struct {
        const char *name, *code, *body;
        enum failure_kind kind;
    } rows[] = {
        {"not JSON", "200 OK", "credentials", FAILURE_CORRUPT},
        {"not known", "401 Unauthorized", "", FAILURE_UNAVAILABLE},
        {"not found", "404 Not Found", "", FAILURE_UNAVAILABLE},
        {"throttled", "429 Too Many Requests", "", FAILURE_UNAVAILABLE},
        {"elsewhere", "302 Found", "", FAILURE_UNAVAILABLE},
        {"hangs up", NULL, NULL, FAILURE_UNAVAILABLE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct scripted_line lines[] = {{"GET /c ", NULL, NULL, rows[i].code, rows[i].body}};
        runner_row(rows[i].name);
        scripted_service_open(&service, NULL, lines, 1);
        set_all("/c", NULL, NULL);
        expect_ok("open", open_container());
        expect_kind("refused", fetch(), rows[i].kind);
        credentials_container_close(&container);
        scripted_service_close(&service);
    }
}

static void opening(void)
{
    static const struct {
        const char *name, *relative, *full, *token, *host, *refusal;
    } rows[] = {
        {"ECS", "/v2/x", NULL, NULL, "169.254.170.2", NULL},
        {"relative wins", "/v2/x", "http://localhost/", NULL, "169.254.170.2", NULL},
        {"EKS", NULL, "http://169.254.170.23/v1/credentials", NULL, "169.254.170.23", NULL},
        {"EKS with IPv6", NULL, "http://[fd00:ec2::23]/v1/credentials", NULL, "[fd00:ec2::23]",
         NULL},
        {"port", NULL, "http://localhost:81/", NULL, "localhost:81", NULL},
        {"other host", NULL, "http://example.com/", NULL, NULL,
         "container: plain http is for addresses on this machine only"},
        {"relative without a slash", "x", NULL, NULL, NULL,
         "container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash"},
        {"token with a line break", NULL, "http://localhost/", "a\nb", NULL,
         "container: token has a line break or another character that no header can have"},
    };
    memset(&service, 0, sizeof service);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        set_all(NULL, NULL, rows[i].token);
        set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", rows[i].relative);
        set("AWS_CONTAINER_CREDENTIALS_FULL_URI", rows[i].full);
        expect_outcome("open", open_container(), rows[i].refusal);
        if (rows[i].host) {
            expect_text("host", slice_text(container.origin.host), rows[i].host);
        }
        credentials_container_close(&container);
    }
    set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL);
    set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://localhost/");
    expect_kind("https needs the authorities", open_container(), FAILURE_NOT_FOUND);
    set_all(NULL, NULL, NULL);
    expect_ok("nothing is no failure", open_container());
    expect_kind("and none here", fetch(), FAILURE_NOT_FOUND);
    credentials_container_close(&container);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"token file is renewed", token_file_is_renewed},
        {"token of the environment", token_of_the_environment},
        {"no token", no_token},
        {"bad token files", bad_token_files},
        {"no such host", no_such_host},
        {"bad answers", bad_answers},
        {"opening", opening},
    };
    if (!mkdtemp(folder)) return 1;
    snprintf(token_path, sizeof token_path, "%s/token", folder);
    const int result = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    unlink(token_path);
    rmdir(folder);
    return result;
}
