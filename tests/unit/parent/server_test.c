#include "parent/server.h"

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench.h"
#include "os/clock.h"
#include "os/harden.h"
#include "runner.h"
#include "tls_material.h"

/* How long anything is waited for that must come: a loaded machine is no failure. */
enum { PATIENCE_MS = 60000 };

static const struct bench_settings usual = {.has_token = true, .record_cache_count = 100};
static struct bench bench;
static struct bench_answer answer;

#define AUTHORIZED "Authorization: Bearer 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP\r\n"

static void expect_code(const char *what, int code)
{
    expect_u64(what, (uint64_t)answer.code, (uint64_t)code);
}

static void expect_error(int code, const char *error_code)
{
    char text[64];
    snprintf(text, sizeof text, "{\"error\":{\"code\":\"%s\",", error_code);
    expect_code("code", code);
    expect_true(error_code, bench_has(answer.body, text));
}

/* Sends text as it is on a connection of its own. */
static void send_raw(const char *text)
{
    const int descriptor = bench_connect(&bench);
    bench_send(descriptor, slice_text(text));
    bench_read(descriptor, &answer);
    close(descriptor);
}

/* True when the service ends the connection within its patience. */
static bool is_ended(int descriptor)
{
    char byte;
    struct pollfd waiting = {descriptor, POLLIN, 0};
    return poll(&waiting, 1, PATIENCE_MS) == 1 && recv(descriptor, &byte, 1, 0) <= 0;
}

/* libmicrohttpd 1.0 (Debian 13) answers some framings itself: without our words or a request id. */
#define BY_LIBRARY (MHD_VERSION >= 0x01000000 ? NULL : "bad_input")

static const struct {
    const char *name, *text;
    int code;
    const char *error_code;
} requests[] = {
    {"no token", "GET /v1/accounts HTTP/1.1\r\nHost: x\r\n\r\n", 401, "unauthorized"},
    {"wrong token",
     "GET /v1/accounts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
     "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOQ\r\n\r\n",
     401, "unauthorized"},
    {"unknown path without token", "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 401, "unauthorized"},
    {"metrics without token", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 401, "unauthorized"},
    {"two tokens", "GET /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED AUTHORIZED "\r\n", 400,
     "bad_input"},
    {"unknown path", "GET /x HTTP/1.1\r\nHost: x\r\n" AUTHORIZED "\r\n", 404, "not_found"},
    {"unknown method", "BREW /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED "\r\n", 405,
     "method_not_allowed"},
    {"differing lengths",
     "POST /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED
     "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
     400, "bad_input"},
    {"length and coding",
     "POST /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED
     "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400, BY_LIBRARY},
    {"another coding",
     "POST /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED
     "Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
     400, BY_LIBRARY},
    {"too large a body, announced",
     "POST /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED "Content-Length: 65537\r\n\r\n", 413,
     "body_too_large"},
    {"body where none belongs", "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
     400, "bad_input"},
    {"unknown parameter", "GET /v1/accounts?colour=red HTTP/1.1\r\nHost: x\r\n" AUTHORIZED "\r\n",
     400, "bad_input"},
    {"parameter twice",
     "GET /v1/accounts?limit=1&limit=1 HTTP/1.1\r\nHost: x\r\n" AUTHORIZED "\r\n", 400,
     "bad_input"},
    {"five parameters",
     "GET /v1/accounts?a=1&b=1&c=1&d=1&e=1 HTTP/1.1\r\nHost: x\r\n" AUTHORIZED "\r\n", 400,
     "bad_input"},
    {"chunked body",
     "POST /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED
     "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"name\":\r\n6\r\n\"chu\"}\r\n0\r\n\r\n",
     201, NULL},
    {"equal lengths",
     "POST /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED
     "Content-Length: 14\r\nContent-Length: 14\r\n\r\n{\"name\":\"two\"}",
     201, NULL},
};

static void refusals(void)
{
    bench_open(&bench, &usual);
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        runner_row(requests[i].name);
        send_raw(requests[i].text);
        if (requests[i].error_code) expect_error(requests[i].code, requests[i].error_code);
        else expect_code("code", requests[i].code);
        if (!requests[i].error_code && requests[i].code == 400) continue;
        expect_true("request id", bench_has(answer.head, "X-Request-Id: "));
    }
    bench_close(&bench);
}

/* After contradictory framing nothing more is read: the rest could be a smuggled request. */
static void smuggling(void)
{
    bench_open(&bench, &usual);
    const int descriptor = bench_connect(&bench);
    bench_send(descriptor,
               slice_text("POST /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED
                          "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                          "GET /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED "\r\n"));
    bench_read(descriptor, &answer);
    expect_code("refused", 400);
    expect_true("closing", bench_has(answer.head, "Connection: close"));
    expect_true("ended", is_ended(descriptor));
    close(descriptor);
    bench_close(&bench);
}

static void answers_carry(void)
{
    bench_open(&bench, &usual);
    send_raw("DELETE /v1/accounts/alice HTTP/1.1\r\nHost: x\r\n" AUTHORIZED "\r\n");
    expect_true("allow", bench_has(answer.head, "Allow: GET, HEAD\r\n"));
    send_raw("GET /v1/accounts HTTP/1.1\r\nHost: x\r\nX-Request-Id: my.id_7-A\r\n\r\n");
    expect_true("given id", bench_has(answer.head, "X-Request-Id: my.id_7-A\r\n"));
    expect_true("challenge", bench_has(answer.head, "WWW-Authenticate: Bearer\r\n"));
    send_raw("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: bad id\r\n\r\n");
    expect_code("health", 200);
    expect_true("bad id is replaced", !bench_has(answer.head, "bad id"));
    expect_true("json", bench_has(answer.head, "Content-Type: application/json\r\n"));
    /* Only the end of the connection tells that no body comes. */
    send_raw("HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect_code("head", 200);
    expect_u64("no body", answer.body.size, 0);
    bench_close(&bench);
}

static void head_sizes(void)
{
    static char text[16 * 1024];
    bench_open(&bench, &usual);
    static const struct {
        const char *name;
        size_t size;
        int code;
    } rows[] = {{"usual", 100, 200}, {"at the limit", 8192, 200}, {"one more", 8193, 431}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        runner_row(rows[i].name);
        int size = snprintf(text, sizeof text, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Pad: ");
        memset(text + size, 'p', rows[i].size - (size_t)size - 4);
        memcpy(text + rows[i].size - 4, "\r\n\r\n", 5);
        send_raw(text);
        expect_code("code", rows[i].code);
    }
    bench_close(&bench);
}

static void body_sizes(void)
{
    static char body[70 * 1024];
    bench_open(&bench, &usual);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    /* The JSON around the text has 14 bytes. */
    int size = snprintf(body, sizeof body, "{\"message\":\"");
    memset(body + size, 'm', 60000);
    snprintf(body + size + 60000, 10, "\"}");
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", body, &answer);
    expect_code("large message", 200);
    memset(body, ' ', 65536);
    memcpy(body, "{\"message\":\"m\"}", 15);
    body[65536] = 0;
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", body, &answer);
    expect_code("at the limit", 200);
    body[65536] = ' ';
    body[65537] = 0;
    bench_call(&bench, "POST", "/v1/accounts/alice/sign-message", body, &answer);
    expect_error(413, "body_too_large");
    /* The same without saying so in advance. */
    const int descriptor = bench_connect(&bench);
    bench_send(descriptor,
               slice_text("POST /v1/accounts/alice/sign-message HTTP/1.1\r\nHost: x\r\n" AUTHORIZED
                          "Transfer-Encoding: chunked\r\n\r\n10001\r\n"));
    bench_send(descriptor, slice_of(body, 65537));
    bench_send(descriptor, slice_text("\r\n0\r\n\r\n"));
    bench_read(descriptor, &answer);
    expect_error(413, "body_too_large");
    close(descriptor);
    bench_close(&bench);
}

/* One connection, many requests, also sent before the answers to those before. */
static void keep_alive(void)
{
    bench_open(&bench, &usual);
    const int descriptor = bench_connect(&bench);
    for (int i = 0; i < 20; i++) {
        bench_call_on(descriptor, "GET", "/v1/accounts", NULL, &answer);
        expect_code("again", 200);
    }
    bench_call_on(descriptor, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    expect_code("create", 201);
    for (int i = 0; i < 20; i++) {
        bench_call_on(descriptor, "POST", "/v1/accounts/alice/sign-message", "{\"message\":\"m\"}",
                      &answer);
        expect_code("sign", 200);
    }
    close(descriptor);
    bench_close(&bench);
}

/* A body that comes in single bytes is waited for, and holds nobody up. */
static void slow_client(void)
{
    static const char text[] = "POST /v1/accounts HTTP/1.1\r\nHost: x\r\n" AUTHORIZED
                               "Content-Length: 15\r\n\r\n{\"name\":\"slow\"}";
    bench_open(&bench, &usual);
    const int descriptor = bench_connect(&bench);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        bench_send(descriptor, slice_of(text + i, 1));
        if (i % 16 == 0) poll(NULL, 0, 5);
        if (i == sizeof text / 2) {
            bench_call(&bench, "GET", "/healthz", NULL, &answer);
            expect_code("others are served", 200);
        }
    }
    bench_read(descriptor, &answer);
    expect_code("served in the end", 201);
    close(descriptor);
    bench_close(&bench);
}

static void idle_connections(void)
{
    static int descriptors[1000];
    expect_ok("descriptors", harden_allow_descriptors(4096));
    bench_open(&bench, &usual);
    for (size_t i = 0; i < ARRAY_COUNT(descriptors); i++) descriptors[i] = bench_connect(&bench);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    expect_code("served beside a thousand idle ones", 201);
    for (size_t i = 0; i < ARRAY_COUNT(descriptors); i += 250) {
        bench_call_on(descriptors[i], "GET", "/healthz", NULL, &answer);
        expect_code("an idle one wakes up", 200);
    }
    for (size_t i = 0; i < ARRAY_COUNT(descriptors); i++) close(descriptors[i]);
    bench_close(&bench);
}

static void late_heads(void)
{
    bench_open(&bench, &usual);
    const int descriptor = bench_connect(&bench);
    bench_send(descriptor, slice_text("GET /hea"));
    while (atomic_load(&bench.service.metrics.connection_count) == 0) {
        poll(NULL, 0, 10);
    }
    server_tick(&bench.server);
    struct pollfd waiting = {descriptor, POLLIN, 0};
    expect_true("still there", poll(&waiting, 1, 100) == 0);
    for (size_t i = 0; i < SERVER_CONNECTION_COUNT_MAX; i++) {
        if (bench.server.connections[i].descriptor < 0) continue;
        bench.server.connections[i].waiting_since_ms -= SERVER_HEAD_MS_MAX + 1;
    }
    server_tick(&bench.server);
    expect_true("cut", is_ended(descriptor));
    close(descriptor);
    bench_close(&bench);
}

static void stopping(void)
{
    bench_open(&bench, &usual);
    const int waiting = bench_connect(&bench), idle = bench_connect(&bench);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    bench_call_on(idle, "GET", "/healthz", NULL, &answer);
    atomic_store(&bench.enclave.behaviour.delay_ms, PATIENCE_MS);
    const int before = atomic_load(&bench.enclave.request_count);
    bench_send(waiting,
               slice_text("POST /v1/accounts/alice/sign-message HTTP/1.1\r\nHost: x\r\n" AUTHORIZED
                          "Content-Length: 15\r\n\r\n{\"message\":\"m\"}"));
    while (atomic_load(&bench.enclave.request_count) == before) poll(NULL, 0, 5);
    expect_kind("not over yet", server_stop(&bench.server, clock_deadline_ms(50)),
                FAILURE_UNAVAILABLE);
    bench_call_on(idle, "GET", "/v1/accounts", NULL, &answer);
    expect_error(503, "stopping");
    expect_true("closing", bench_has(answer.head, "Connection: close"));
    atomic_store(&bench.enclave.behaviour.delay_ms, 0);
    bench_read(waiting, &answer);
    expect_code("what was under way is finished", 200);
    expect_true("and closes", bench_has(answer.head, "Connection: close"));
    expect_ok("over", server_stop(&bench.server, clock_deadline_ms(PATIENCE_MS)));
    const int late = socket(AF_INET, SOCK_STREAM, 0);
    close(late);
    close(waiting);
    close(idle);
    bench_close(&bench);
}

static void ready_while_stopping(void)
{
    bench_open(&bench, &usual);
    const int idle = bench_connect(&bench);
    bench_call_on(idle, "GET", "/readyz", NULL, &answer);
    expect_code("ready", 200);
    expect_ok("stop", server_stop(&bench.server, clock_deadline_ms(PATIENCE_MS)));
    bench_call_on(idle, "GET", "/readyz", NULL, &answer);
    expect_code("not any more", 503);
    expect_true("says why", bench_has(answer.body, "\"status\":\"stopping\""));
    close(idle);
    bench_close(&bench);
}

/* An enclave that never answers does not keep the service from ending. */
static void stopping_by_force(void)
{
    bench_open(&bench, &usual);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    atomic_store(&bench.enclave.behaviour.is_silent, true);
    const int before = atomic_load(&bench.enclave.request_count);
    const int waiting = bench_connect(&bench);
    bench_send(waiting,
               slice_text("POST /v1/accounts/alice/sign-message HTTP/1.1\r\nHost: x\r\n" AUTHORIZED
                          "Content-Length: 15\r\n\r\n{\"message\":\"m\"}"));
    while (atomic_load(&bench.enclave.request_count) == before) poll(NULL, 0, 5);
    expect_kind("does not end by itself", server_stop(&bench.server, clock_deadline_ms(100)),
                FAILURE_UNAVAILABLE);
    enclave_link_stop(&bench.service.link);
    bench_read(waiting, &answer);
    expect_error(503, "unavailable");
    close(waiting);
    bench_close(&bench);
}

static void log_lines(void)
{
    static char memory[64 * 1024];
    bench_open(&bench, &usual);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    send_raw("POST /v1/accounts/alice/sign-message HTTP/1.1\r\nHost: x\r\nX-Request-Id: "
             "id-7\r\n" AUTHORIZED "Content-Length: 27\r\n\r\n{\"message\":\"planted-message\"");
    /* Lines are written after the answers, by one thread for each connection. */
    slice log = {0};
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    while (!(bench_has(log, "id-7") && bench_has(log, "account_create")) &&
           clock_monotonic_ms() < deadline_ms) {
        poll(NULL, 0, 5);
        log = bench_read_log(&bench, memory, sizeof memory);
    }
    expect_true("one line a request", bench_has(log, "\"event\":\"request\""));
    expect_true("route and status",
                bench_has(log, "\"route\":\"account_create\",\"method\":\"POST\",\"status\":201"));
    expect_true("id", bench_has(log, "\"request_id\":\"id-7\""));
    expect_true("account", bench_has(log, "\"account\":\"alice\""));
    expect_true("duration", bench_has(log, "\"duration_us\":"));
    expect_true("no body", !bench_has(log, "planted-message"));
    expect_true("no token", !bench_has(log, bench_token));
    expect_true("no secret", !bench_has(log, "planted-secret"));
    expect_true("no session token", !bench_has(log, "planted-session"));
    bench_close(&bench);
}

static void unix_socket(void)
{
    static const struct bench_settings settings = {.record_cache_count = 10, .is_unix = true};
    bench_open(&bench, &settings);
    bench_call(&bench, "POST", "/v1/accounts", "{\"name\":\"alice\"}", &answer);
    expect_code("create", 201);
    send_raw("GET /v1/accounts/alice HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_code("no token needed", 200);
    bench_close(&bench);
}

/* ---- TLS ---- */

static gnutls_datum_t datum(const char *text)
{
    union {
        const char *view;
        unsigned char *bytes; /* only read */
    } pem = {text};
    return (gnutls_datum_t){pem.bytes, (unsigned)strlen(text)};
}

/* One GET over TLS, with this client certificate if any. False when TLS itself fails. */
static bool get_over_tls(const char *priorities, const char *certificate, const char *key)
{
    static const char text[] = "GET /v1/accounts HTTP/1.1\r\nHost: localhost\r\n" AUTHORIZED "\r\n";
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;
    const int descriptor = bench_connect(&bench);
    const gnutls_datum_t authority = datum(authority_pem);
    gnutls_certificate_allocate_credentials(&credentials);
    gnutls_certificate_set_x509_trust_mem(credentials, &authority, GNUTLS_X509_FMT_PEM);
    if (certificate) {
        const gnutls_datum_t pem = datum(certificate), private_key = datum(key);
        gnutls_certificate_set_x509_key_mem(credentials, &pem, &private_key, GNUTLS_X509_FMT_PEM);
    }
    /* Shown even when the server does not name its authority. */
    gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT);
    gnutls_priority_set_direct(session, priorities, NULL);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials);
    gnutls_session_set_verify_cert(session, "localhost", 0);
    gnutls_transport_set_int(session, descriptor);
    answer.code = 0;
    bool is_good = gnutls_handshake(session) == GNUTLS_E_SUCCESS &&
                   gnutls_record_send(session, text, sizeof text - 1) > 0;
    if (is_good) {
        const ssize_t size = gnutls_record_recv(session, answer.memory, sizeof answer.memory - 1);
        is_good = size > 12;
        if (is_good)
            answer.code = (answer.memory[9] - '0') * 100 + (answer.memory[10] - '0') * 10 +
                          (answer.memory[11] - '0');
    }
    gnutls_deinit(session);
    gnutls_certificate_free_credentials(credentials);
    close(descriptor);
    return is_good;
}

static struct bench_settings tls_settings(bool asks_for_certificates)
{
    struct bench_settings settings = usual;
    settings.tls.certificate_pem = slice_text(server_pem);
    settings.tls.key_pem = slice_text(server_key);
    if (asks_for_certificates) settings.tls.client_ca_pem = slice_text(authority_pem);
    return settings;
}

static void tls(void)
{
    const struct bench_settings settings = tls_settings(false);
    bench_open(&bench, &settings);
    expect_true("TLS 1.3", get_over_tls("NORMAL:-VERS-ALL:+VERS-TLS1.3", NULL, NULL));
    expect_code("served", 200);
    expect_true("TLS 1.2", get_over_tls("NORMAL:-VERS-ALL:+VERS-TLS1.2", NULL, NULL));
    expect_code("served", 200);
    expect_true("TLS 1.1 is refused",
                !get_over_tls("NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT", NULL, NULL));
    expect_true(
        "CBC is refused",
        !get_over_tls("NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC", NULL, NULL));
    send_raw("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    expect_true("no HTTP without TLS", answer.code != 200);
    bench_close(&bench);
}

static void client_certificates(void)
{
    const struct bench_settings settings = tls_settings(true);
    static const char *const versions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.3",
                                           "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
    bench_open(&bench, &settings);
    for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
        runner_row(versions[i]);
        expect_true("ours", get_over_tls(versions[i], client_pem, client_key));
        expect_code("served", 200);
        expect_true("none", !get_over_tls(versions[i], NULL, NULL) || answer.code == 401);
        expect_true("another authority's",
                    !get_over_tls(versions[i], stranger_pem, stranger_key) || answer.code == 401);
    }
    bench_close(&bench);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"refusals", refusals},
        {"smuggling", smuggling},
        {"answers carry", answers_carry},
        {"head sizes", head_sizes},
        {"body sizes", body_sizes},
        {"keep alive", keep_alive},
        {"slow client", slow_client},
        {"idle connections", idle_connections},
        {"late heads", late_heads},
        {"stopping", stopping},
        {"ready while stopping", ready_while_stopping},
        {"stopping by force", stopping_by_force},
        {"log lines", log_lines},
        {"unix socket", unix_socket},
        {"TLS", tls},
        {"client certificates", client_certificates},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
