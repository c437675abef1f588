#include "credentials/web_identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certificates.h"
#include "net/tcp.h"
#include "os/clock.h"
#include "os/file.h"
#include "runner.h"
#include "scripted_service.h"

#define ARN "arn:aws:iam::111122223333:role/r"
#define GOOD                                                                                    \
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"         \
    "<AccessKeyId>ASIAEXAMPLE000000001</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"       \
    "<SessionToken>t</SessionToken><Expiration>2026-01-02T09:04:05Z</Expiration></Credentials>" \
    "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
#define ERROR_OF(code_) "<ErrorResponse><Error><Code>" code_ "</Code></Error></ErrorResponse>"

static struct scripted_service service;
static struct credentials_web_identity web_identity;
static struct aws_credentials credentials;
static char folder[] = "/tmp/enw-identity-XXXXXX", token_path[64], ca_path[64], address[64];

static void set(const char *name, const char *value)
{
    if (value) setenv(name, value, 1);
    else unsetenv(name);
}

static void set_all(const char *token_file, const char *arn, const char *session)
{
    set("AWS_WEB_IDENTITY_TOKEN_FILE", token_file);
    set("AWS_ROLE_ARN", arn);
    set("AWS_ROLE_SESSION_NAME", session);
    set("AWS_DEFAULT_REGION", NULL);
}

static status open_at(const char *region, const char *url)
{
    const struct credentials_web_identity_settings settings = {region, url, ca_path, tcp_dial,
                                                               clock_system()};
    return credentials_web_identity_open(&web_identity, &settings);
}

static status fetch(void)
{
    const struct credentials_fetcher fetcher = credentials_web_identity_fetcher(&web_identity);
    return fetcher.fetch(fetcher.context, clock_deadline_ms(5000), &credentials);
}

static void write_token(const char *text)
{
    expect_ok("token", file_write(token_path, slice_text(text), FILE_MODE_PRIVATE));
}

static void open_both(const char *scheme, const struct tls_server *tls,
                      const struct scripted_line *lines, size_t line_count)
{
    scripted_service_open(&service, tls, lines, line_count);
    snprintf(address, sizeof address, "%s://127.0.0.1:%u", scheme, service.listener.bound.port);
    expect_ok("open", open_at(NULL, address));
}

static void close_both(void)
{
    credentials_web_identity_close(&web_identity);
    scripted_service_close(&service);
}

static void token_file_is_renewed(void)
{
    static const struct scripted_line lines[] = {
        {"POST / HTTP/1.1\r\n", "&RoleSessionName=me&WebIdentityToken=one1", "uthorization",
         "200 OK", GOOD},
        {"POST / HTTP/1.1\r\n", "&RoleSessionName=me&WebIdentityToken=two2", "uthorization",
         "200 OK", GOOD},
    };
    set_all(token_path, ARN, "me");
    write_token("one1");
    open_both("http", NULL, lines, ARRAY_COUNT(lines));
    expect_ok("first", fetch());
    expect_text("id", aws_credentials_id(&credentials), "ASIAEXAMPLE000000001");
    expect_u64("expiry", (uint64_t)credentials.expires_at_s, 1767344645);
    write_token("two2");
    expect_ok("second", fetch());
    close_both();
}

static void session_is_named(void)
{
    static const struct scripted_line lines[] = {
        {"POST / ", "&RoleSessionName=enclave-wallet-", NULL, "200 OK", GOOD}};
    set_all(token_path, ARN, NULL);
    write_token("token");
    open_both("http", NULL, lines, 1);
    expect_ok("fetch", fetch());
    close_both();
}

static void largest_token(void)
{
    static char token[STS_TOKEN_SIZE_MAX + 2];
    static const struct scripted_line lines[] = {{"POST / ", "%25%25%25", NULL, "200 OK", GOOD}};
    set_all(token_path, ARN, "me");
    memset(token, '%', STS_TOKEN_SIZE_MAX);
    write_token(token);
    open_both("http", NULL, lines, 1);
    expect_ok("fetch", fetch());
    token[STS_TOKEN_SIZE_MAX] = '%';
    write_token(token);
    expect_kind("one more", fetch(), FAILURE_OVER_LIMIT);
    close_both();
}

static void bad_token_files(void)
{
    static const struct {
        const char *text;
        enum failure_kind kind;
    } rows[] = {
        {"token\r\n", FAILURE_BAD_INPUT}, {"", FAILURE_BAD_INPUT}, {NULL, FAILURE_UNAVAILABLE}};
    set_all(token_path, ARN, "me");
    open_both("http", NULL, NULL, 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].text ? rows[i].text : "no file");
        unlink(token_path);
        if (rows[i].text) write_token(rows[i].text);
        expect_kind("refused", fetch(), rows[i].kind);
    }
    close_both();
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
    const struct credentials_web_identity_settings settings = {
        NULL, "http://127.0.0.1", "/nonexistent", dial_nowhere, clock_system()};
    set_all(token_path, ARN, "me");
    write_token("token");
    expect_ok("open", credentials_web_identity_open(&web_identity, &settings));
    expect_kind("fails", fetch(), FAILURE_UNAVAILABLE);
    credentials_web_identity_close(&web_identity);
}

static void bad_answers(void)
{
    static const struct {
        const char *name, *code, *body;
        enum failure_kind kind;
    } rows[] = {
        {"denied", "403 Forbidden", ERROR_OF("AccessDenied"), FAILURE_DENIED},
        {"expired", "400 Bad Request", ERROR_OF("ExpiredTokenException"), FAILURE_UNAVAILABLE},
        {"not found", "404 Not Found", "", FAILURE_DENIED},
        {"down", "503 Service Unavailable", "", FAILURE_UNAVAILABLE},
        {"no XML", "200 OK", "{}", FAILURE_CORRUPT},
        {"hangs up", NULL, NULL, FAILURE_UNAVAILABLE},
    };
    set_all(token_path, ARN, "me");
    write_token("token");
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct scripted_line lines[] = {{"POST / ", NULL, NULL, rows[i].code, rows[i].body}};
        runner_row(rows[i].name);
        open_both("http", NULL, lines, 1);
        expect_kind("refused", fetch(), rows[i].kind);
        close_both();
    }
}

/* Nothing is sent to a service whose certificate is another's. */
static void over_tls(void)
{
    static const struct scripted_line lines[] = {{"POST / ", NULL, NULL, "200 OK", GOOD}};
    static const char *const names[] = {"IP:127.0.0.1", "DNS:sts.eu-west-1.amazonaws.com"};
    const int64_t now_s = clock_wall_ms() / 1000;
    set_all(token_path, ARN, "me");
    write_token("token");
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        SCOPED(certificate_close) struct certificate root = {0};
        SCOPED(certificate_close) struct certificate leaf = {0};
        SCOPED(tls_server_close) struct tls_server server = {0};
        runner_row(names[i]);
        certificate_open(&root, &(struct certificate_wish){.common_name = "r",
                                                           .is_authority = true,
                                                           .not_before_s = now_s - 10,
                                                           .not_after_s = now_s + 100});
        certificate_open(&leaf, &(struct certificate_wish){.common_name = "l",
                                                           .alternative_name = names[i],
                                                           .issuer = &root,
                                                           .not_before_s = now_s - 10,
                                                           .not_after_s = now_s + 100});
        const struct tls_identity identity = {certificate_pem(&leaf), certificate_key_pem(&leaf)};
        expect_ok("server", tls_server_open(&identity, &server));
        expect_ok("roots", file_write(ca_path, certificate_pem(&root), FILE_MODE_PUBLIC));
        open_both("https", &server, lines, i == 0 ? 1 : 0);
        if (i == 0) expect_ok("fetch", fetch());
        else expect_refused("another", fetch(), "tls: certificate is for another name");
        close_both();
        unlink(ca_path);
    }
}

static void opening(void)
{
    static const struct {
        const char *name, *arn, *session, *region, *endpoint, *refusal;
    } rows[] = {
        {"endpoint", ARN, NULL, NULL, "http://127.0.0.1:1", NULL},
        {"no role", NULL, NULL, "eu-west-1", NULL,
         "sts: AWS_WEB_IDENTITY_TOKEN_FILE is set without AWS_ROLE_ARN"},
        {"role that is none", "r", NULL, "eu-west-1", NULL, "sts: role is not an ARN"},
        {"session that is none", ARN, "a b", "eu-west-1", NULL,
         "sts: session name must be 2 to 64 letters, digits or _+=,.@-"},
        {"no region", ARN, NULL, NULL, NULL,
         "sts: AWS_WEB_IDENTITY_TOKEN_FILE needs a region (AWS_REGION)"},
        {"region that is none", ARN, NULL, "a.b", NULL, "sts: region is not a name"},
        {"plain http elsewhere", ARN, NULL, NULL, "http://10.0.0.1",
         "sts: the endpoint must be https, or on 127.0.0.1"},
        {"path", ARN, NULL, NULL, "http://127.0.0.1/x", "sts: the endpoint must have no path"},
        {"query", ARN, NULL, NULL, "http://127.0.0.1/?x", "sts: the endpoint must have no path"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        set_all(token_path, rows[i].arn, rows[i].session);
        expect_outcome("open", open_at(rows[i].region, rows[i].endpoint), rows[i].refusal);
        credentials_web_identity_close(&web_identity);
    }
    set_all(token_path, ARN, NULL);
    expect_kind("the region's own needs the authorities", open_at("eu-west-1", NULL),
                FAILURE_NOT_FOUND);
    set("AWS_DEFAULT_REGION", "eu-west-1");
    expect_kind("so does the default's", open_at(NULL, NULL), FAILURE_NOT_FOUND);
    set_all(NULL, ARN, NULL);
    expect_ok("a role alone is no failure", open_at(NULL, NULL));
    expect_kind("and none here", fetch(), FAILURE_NOT_FOUND);
    credentials_web_identity_close(&web_identity);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"token file is renewed", token_file_is_renewed},
        {"session is named", session_is_named},
        {"largest token", largest_token},
        {"bad token files", bad_token_files},
        {"no such host", no_such_host},
        {"bad answers", bad_answers},
        {"over TLS", over_tls},
        {"opening", opening},
    };
    if (!mkdtemp(folder)) return 1;
    snprintf(token_path, sizeof token_path, "%s/token", folder);
    snprintf(ca_path, sizeof ca_path, "%s/ca.pem", folder);
    const int result = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    unlink(token_path);
    rmdir(folder);
    return result;
}
