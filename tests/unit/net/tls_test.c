#include "net/tls.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificates.h"
#include "os/clock.h"
#include "peer.h"
#include "runner.h"

enum { PATIENCE_MS = 20000, NOW_S = 1800000000, DAY_S = 86400, LARGE_SIZE = 300 << 10 };

/* Made once: authorities and what they signed. */
static struct {
    struct certificate root, other_root, intermediate;
    struct certificate good, other_name, wildcard, address, nameless, client_only, self_signed,
        by_intermediate, by_other;
} made;

static void make_all(void)
{
    const struct {
        struct certificate *made;
        struct certificate_wish wish;
    } wishes[] = {
        {&made.root, {.common_name = "root", .is_authority = true}},
        {&made.other_root, {.common_name = "root", .is_authority = true}},
        {&made.intermediate,
         {.common_name = "intermediate", .is_authority = true, .issuer = &made.root}},
        {&made.good,
         {.common_name = "x",
          .alternative_name = "DNS:kms.test",
          .issuer = &made.root,
          .usage = "serverAuth"}},
        {&made.other_name,
         {.common_name = "kms.test", .alternative_name = "DNS:other.test", .issuer = &made.root}},
        {&made.wildcard,
         {.common_name = "x", .alternative_name = "DNS:*.kms.test", .issuer = &made.root}},
        {&made.address,
         {.common_name = "x", .alternative_name = "IP:127.0.0.1,IP:::1", .issuer = &made.root}},
        {&made.nameless, {.common_name = "kms.test", .issuer = &made.root}},
        {&made.client_only,
         {.common_name = "x",
          .alternative_name = "DNS:kms.test",
          .usage = "clientAuth",
          .issuer = &made.root}},
        {&made.self_signed, {.common_name = "x", .alternative_name = "DNS:kms.test"}},
        {&made.by_intermediate,
         {.common_name = "x", .alternative_name = "DNS:kms.test", .issuer = &made.intermediate}},
        {&made.by_other,
         {.common_name = "x", .alternative_name = "DNS:kms.test", .issuer = &made.other_root}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(wishes); i++) {
        struct certificate_wish wish = wishes[i].wish;
        /* The leaf's day lies within the authorities' ten. */
        wish.not_before_s = NOW_S - (wish.is_authority ? 10 : 1) * DAY_S;
        wish.not_after_s = NOW_S + (wish.is_authority ? 10 : 1) * DAY_S;
        certificate_open(wishes[i].made, &wish);
    }
}

static slice joined(const struct certificate *first, const struct certificate *second)
{
    static uint8_t memory[2 * CERTIFICATE_PEM_SIZE_MAX];
    struct builder text;
    builder_init(&text, memory, sizeof memory);
    builder_put(&text, certificate_pem(first));
    if (second) builder_put(&text, certificate_pem(second));
    return builder_view(&text);
}

/* Serves one connection: a handshake, then the bytes it gets, until the end. */
struct service {
    struct tls_server server;
    status handshake;
};

static void serve_echo(struct peer *peer)
{
    struct service *service = peer->context;
    struct stream stream = {0};
    static uint8_t bytes[LARGE_SIZE];
    size_t total_size = 0;
    if (!status_is_ok(stream_open(peer->theirs, &stream))) return;
    peer->theirs = -1;
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    service->handshake = tls_server_start(&service->server, deadline_ms, &stream);
    while (status_is_ok(service->handshake) && total_size < sizeof bytes) {
        size_t size = 0;
        const status got =
            stream_read(&stream, bytes + total_size, sizeof bytes - total_size, deadline_ms, &size);
        if (!status_is_ok(got) || size == 0) break;
        total_size += size;
    }
    if (status_is_ok(service->handshake)) {
        status sent = stream_write(&stream, slice_of(bytes, total_size), deadline_ms);
        /* Closing never waits, so its goodbye is lost when the socket is still full. */
        if (status_is_ok(sent)) sent = stream_shut_write(&stream, deadline_ms);
        if (!status_is_ok(sent)) service->handshake = sent;
    }
    stream_close(&stream);
}

static void service_open(struct service *service, const struct certificate *leaf,
                         const struct certificate *chain)
{
    *service = (struct service){0};
    const struct tls_identity identity = {joined(leaf, chain), certificate_key_pem(leaf)};
    expect_ok("server", tls_server_open(&identity, &service->server));
}

/* One handshake between the client and a service over a socket pair. */
static status connect_once(const struct tls_client *client, struct service *service,
                           const struct tls_peer *wanted)
{
    SCOPED(stream_close) struct stream stream = {0};
    struct peer peer;
    peer_start(&peer, serve_echo, service);
    expect_ok("open", stream_open(peer.ours, &stream));
    peer.ours = -1;
    const status got = tls_client_start(client, wanted, clock_deadline_ms(PATIENCE_MS), &stream);
    stream_close(&stream);
    peer_stop(&peer);
    return got;
}

static const char untrusted[] = "tls: certificate is not from a trusted authority";
static const char misnamed[] = "tls: certificate is for another name";
static const char untimely[] = "tls: certificate is outside its time of validity";

static void certificates(void)
{
    static const struct {
        const char *name;
        const struct certificate *leaf, *chain, *root;
        const char *host;
        int64_t now_s;
        const char *refusal;
    } rows[] = {
        {"good", &made.good, NULL, &made.root, "kms.test", NOW_S, NULL},
        {"another authority", &made.by_other, NULL, &made.root, "kms.test", NOW_S, untrusted},
        {"trusting another authority", &made.good, NULL, &made.other_root, "kms.test", NOW_S,
         untrusted},
        {"signed by itself", &made.self_signed, NULL, &made.root, "kms.test", NOW_S, untrusted},
        {"root sent along", &made.by_other, &made.other_root, &made.root, "kms.test", NOW_S,
         untrusted},
        {"another name", &made.other_name, NULL, &made.root, "kms.test", NOW_S, misnamed},
        {"name only in the subject", &made.nameless, NULL, &made.root, "kms.test", NOW_S, misnamed},
        {"wildcard", &made.wildcard, NULL, &made.root, "a.kms.test", NOW_S, NULL},
        {"wildcard is one label", &made.wildcard, NULL, &made.root, "b.a.kms.test", NOW_S,
         misnamed},
        {"part of a name", &made.good, NULL, &made.root, "ms.test", NOW_S, misnamed},
        {"name in capitals", &made.good, NULL, &made.root, "KMS.TEST", NOW_S, NULL},
        {"address", &made.address, NULL, &made.root, "127.0.0.1", NOW_S, NULL},
        {"IPv6 address", &made.address, NULL, &made.root, "::1", NOW_S, NULL},
        {"another address", &made.address, NULL, &made.root, "127.0.0.2", NOW_S, misnamed},
        {"last second", &made.good, NULL, &made.root, "kms.test", NOW_S + DAY_S - 1, NULL},
        {"expired", &made.good, NULL, &made.root, "kms.test", NOW_S + DAY_S, untimely},
        {"first second", &made.good, NULL, &made.root, "kms.test", NOW_S - DAY_S, NULL},
        {"not yet valid", &made.good, NULL, &made.root, "kms.test", NOW_S - DAY_S - 1, untimely},
        {"time unknown", &made.good, NULL, &made.root, "kms.test", 0, untimely},
        {"for clients only", &made.client_only, NULL, &made.root, "kms.test", NOW_S,
         "tls: certificate is not fit for a server"},
        {"through an intermediate", &made.by_intermediate, &made.intermediate, &made.root,
         "kms.test", NOW_S, NULL},
        {"intermediate missing", &made.by_intermediate, NULL, &made.root, "kms.test", NOW_S,
         untrusted},
        {"empty name", &made.good, NULL, &made.root, "", NOW_S, "tls: the peer's name is empty"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        SCOPED(tls_client_close) struct tls_client client = {0};
        struct service service;
        runner_row(rows[i].name);
        service_open(&service, rows[i].leaf, rows[i].chain);
        expect_ok("client", tls_client_open(certificate_pem(rows[i].root), &client));
        const struct tls_peer wanted = {rows[i].host, rows[i].now_s};
        expect_outcome("start", connect_once(&client, &service, &wanted), rows[i].refusal);
        tls_server_close(&service.server);
    }
}

/* A client over a socket pair with `run` at the other end; the handshake's outcome. */
static status connect_to(void (*run)(struct peer *), void *context, int64_t patience_ms)
{
    SCOPED(tls_client_close) struct tls_client client = {0};
    SCOPED(stream_close) struct stream stream = {0};
    struct peer peer;
    expect_ok("client", tls_client_open(certificate_pem(&made.root), &client));
    peer_start(&peer, run, context);
    expect_ok("open", stream_open(peer.ours, &stream));
    peer.ours = -1;
    const struct tls_peer wanted = {"kms.test", NOW_S};
    const status got = tls_client_start(&client, &wanted, clock_deadline_ms(patience_ms), &stream);
    expect_true("not encrypted", stream.context == NULL);
    stream_close(&stream);
    peer_stop(&peer);
    return got;
}

static void speak(struct peer *peer)
{
    const char *text = peer->context;
    char hello[64];
    if (recv(peer->theirs, hello, sizeof hello, 0) > 0) {
        peer_write(peer->theirs, text, strlen(text));
        shutdown(peer->theirs, SHUT_WR);
    }
    while (recv(peer->theirs, hello, sizeof hello, 0) > 0) {
    }
}

static void keep_silent(struct peer *peer)
{
    char byte;
    while (recv(peer->theirs, &byte, 1, 0) > 0) {
    }
}

static void vanish(struct peer *peer)
{
    (void)peer;
}

static void alert(struct peer *peer)
{
    /* TLS 1.2, fatal, handshake_failure (40). */
    static const uint8_t record[] = {0x15, 3, 3, 0, 2, 2, 40};
    peer_write(peer->theirs, record, sizeof record);
    keep_silent(peer);
}

static void other_peers(void)
{
    static char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n", ssh[] = "SSH-2.0-OpenSSH_9.2\r\n",
                short_text[] = "x";
    expect_refused("HTTP", connect_to(speak, http, PATIENCE_MS), "tls: peer does not speak TLS");
    expect_refused("SSH", connect_to(speak, ssh, PATIENCE_MS), "tls: peer does not speak TLS");
    const status one = connect_to(speak, short_text, PATIENCE_MS);
    expect_refused("one wrong byte", one, "tls: peer does not speak TLS");
    expect_refused("alert", connect_to(alert, NULL, PATIENCE_MS), "tls: handshake failed");
    const status gone = connect_to(vanish, NULL, PATIENCE_MS);
    expect_refused("gone", gone, "socket: peer has vanished");
    expect_u64("detail", (uint64_t)gone.detail, ECONNRESET);
    const int64_t started_at_ms = clock_monotonic_ms();
    expect_true("silence", stream_is_late(connect_to(keep_silent, NULL, 60)));
    expect_true("for as long as allowed", clock_monotonic_ms() - started_at_ms >= 60);
}

/* A server of plain OpenSSL that offers only what we refuse. */
struct weak {
    int version;
    const char *ciphers;
};

static void serve_weak(struct peer *peer)
{
    const struct weak *weak = peer->context;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_min_proto_version(context, weak->version);
    SSL_CTX_set_max_proto_version(context, weak->version);
    SSL_CTX_set_cipher_list(context, weak->ciphers);
    SSL_CTX_use_certificate(context, made.good.x509);
    SSL_CTX_use_PrivateKey(context, made.good.key);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, peer->theirs);
    if (SSL_accept(ssl) != 1) keep_silent(peer);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void weak_peers(void)
{
    static const struct {
        const char *name;
        struct weak weak;
        const char *refusal;
    } rows[] = {
        {"TLS 1.1", {TLS1_1_VERSION, "ALL:@SECLEVEL=0"}, "tls: handshake failed"},
        {"CBC suite", {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-SHA256"}, "tls: handshake failed"},
        {"AEAD suite", {TLS1_2_VERSION, "ECDHE-ECDSA-AES128-GCM-SHA256"}, NULL},
        {"ChaCha20", {TLS1_2_VERSION, "ECDHE-ECDSA-CHACHA20-POLY1305"}, NULL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        SCOPED(tls_client_close) struct tls_client client = {0};
        SCOPED(stream_close) struct stream stream = {0};
        struct peer peer;
        struct weak weak = rows[i].weak;
        runner_row(rows[i].name);
        expect_ok("client", tls_client_open(certificate_pem(&made.root), &client));
        peer_start(&peer, serve_weak, &weak);
        expect_ok("open", stream_open(peer.ours, &stream));
        peer.ours = -1;
        const struct tls_peer wanted = {"kms.test", NOW_S};
        expect_outcome("start",
                       tls_client_start(&client, &wanted, clock_deadline_ms(PATIENCE_MS), &stream),
                       rows[i].refusal);
        stream_close(&stream);
        peer_stop(&peer);
    }
}

/* Passes bytes on between two sockets, but only so many from the server to the client. */
struct cut {
    struct service *service;
    size_t left_size;
    bool is_dripping;
};

static void serve_cut(struct peer *peer)
{
    struct cut *cut = peer->context;
    struct peer inner;
    uint8_t bytes[4096];
    peer_start(&inner, serve_echo, cut->service);
    for (bool is_open = true; is_open;) {
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(peer->theirs, &readable);
        FD_SET(inner.ours, &readable);
        const int last = peer->theirs > inner.ours ? peer->theirs : inner.ours;
        if (select(last + 1, &readable, NULL, NULL, NULL) <= 0) break;
        if (FD_ISSET(peer->theirs, &readable)) {
            const ssize_t got = recv(peer->theirs, bytes, sizeof bytes, 0);
            if (got <= 0) break;
            peer_write(inner.ours, bytes, (size_t)got);
        }
        if (!FD_ISSET(inner.ours, &readable)) continue;
        const ssize_t got = recv(inner.ours, bytes, cut->is_dripping ? 1 : sizeof bytes, 0);
        if (got <= 0) break;
        const size_t size = (size_t)got < cut->left_size ? (size_t)got : cut->left_size;
        peer_write(peer->theirs, bytes, size);
        cut->left_size -= size;
        is_open = cut->left_size > 0;
    }
    peer_stop(&inner);
}

/* Handshake and one echo over a connection that is cut; how far it came. */
static status cut_exchange(size_t size_max, bool is_dripping)
{
    SCOPED(tls_client_close) struct tls_client client = {0};
    SCOPED(stream_close) struct stream stream = {0};
    struct service service;
    struct peer peer;
    uint8_t text[5];
    service_open(&service, &made.good, NULL);
    struct cut cut = {&service, size_max, is_dripping};
    expect_ok("client", tls_client_open(certificate_pem(&made.root), &client));
    peer_start(&peer, serve_cut, &cut);
    expect_ok("open", stream_open(peer.ours, &stream));
    peer.ours = -1;
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    const struct tls_peer wanted = {"kms.test", NOW_S};
    status got = tls_client_start(&client, &wanted, deadline_ms, &stream);
    if (status_is_ok(got)) got = stream_write(&stream, slice_text("hello"), deadline_ms);
    if (status_is_ok(got)) got = stream_shut_write(&stream, deadline_ms);
    if (status_is_ok(got)) got = stream_read_all(&stream, text, sizeof text, deadline_ms);
    if (status_is_ok(got)) expect_text("echo", slice_of(text, sizeof text), "hello");
    stream_close(&stream);
    peer_stop(&peer);
    tls_server_close(&service.server);
    return got;
}

static void cut_anywhere(void)
{
    size_t size = 0;
    bool is_whole = false;
    /* Every byte of the first record's header, then a random walk to the end. */
    while (!is_whole && size < 4000) {
        runner_row_at("bytes", size);
        const status got = cut_exchange(size, false);
        is_whole = status_is_ok(got);
        if (!is_whole) {
            expect_kind("is a failure of the connection", got, FAILURE_UNAVAILABLE);
            expect_u64("detail", (uint64_t)got.detail, ECONNRESET);
        }
        size += size < 12 ? 1 : 1 + runner_random_u64() % 40;
    }
    expect_true("in the end it is whole", is_whole && size > 500);
    runner_row("one byte at a time");
    expect_ok("exchange", cut_exchange(SIZE_MAX, true));
}

static void large_and_half_closed(void)
{
    SCOPED(tls_client_close) struct tls_client client = {0};
    SCOPED(stream_close) struct stream stream = {0};
    static uint8_t sent[LARGE_SIZE], got[LARGE_SIZE];
    struct service service;
    struct peer peer;
    size_t size = 1;
    runner_random(sent, sizeof sent);
    service_open(&service, &made.good, NULL);
    expect_ok("client", tls_client_open(certificate_pem(&made.root), &client));
    peer_start(&peer, serve_echo, &service);
    expect_ok("open", stream_open(peer.ours, &stream));
    peer.ours = -1;
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    const struct tls_peer wanted = {"kms.test", NOW_S};
    expect_ok("start", tls_client_start(&client, &wanted, deadline_ms, &stream));
    expect_true("quiet", stream_is_idle(&stream));
    expect_ok("write", stream_write(&stream, slice_of(sent, sizeof sent), deadline_ms));
    expect_ok("first byte", stream_read_all(&stream, got, 1, deadline_ms));
    expect_true("the record's rest is there", stream_has_pending(&stream));
    expect_true("so it is not idle", !stream_is_idle(&stream));
    expect_ok("no need to wait", stream_wait_readable(&stream, 0));
    expect_ok("rest", stream_read_all(&stream, got + 1, sizeof got - 1, deadline_ms));
    expect_true("same", slice_equal(slice_of(sent, sizeof sent), slice_of(got, sizeof got)));
    expect_ok("end", stream_read(&stream, got, 1, deadline_ms, &size));
    expect_u64("said properly", size, 0);
    peer_stop(&peer);
    expect_ok("server", service.handshake);
    tls_server_close(&service.server);
}

/* Ends the connection without TLS's own goodbye. */
static void serve_rudely(struct peer *peer)
{
    struct service *service = peer->context;
    struct stream stream = {0};
    if (!status_is_ok(stream_open(dup(peer->theirs), &stream))) return;
    service->handshake =
        tls_server_start(&service->server, clock_deadline_ms(PATIENCE_MS), &stream);
    shutdown(peer->theirs, SHUT_RDWR);
    stream_close(&stream);
}

/* A server of plain OpenSSL that sends a ticket when it is poked, and then a byte. */
static void serve_tickets(struct peer *peer)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    char byte;
    SSL_CTX_use_certificate(context, made.good.x509);
    SSL_CTX_use_PrivateKey(context, made.good.key);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, peer->theirs);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, &byte, 1) == 1) {
        SSL_new_session_ticket(ssl);
        SSL_do_handshake(ssl);
        SSL_write(ssl, "t", 1);
        if (SSL_read(ssl, &byte, 1) == 1) SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED);
        SSL_do_handshake(ssl);
    }
    keep_silent(peer);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void talk_between_messages(void)
{
    SCOPED(tls_client_close) struct tls_client client = {0};
    SCOPED(stream_close) struct stream stream = {0};
    struct peer peer;
    uint8_t byte;
    expect_ok("client", tls_client_open(certificate_pem(&made.root), &client));
    peer_start(&peer, serve_tickets, NULL);
    expect_ok("open", stream_open(peer.ours, &stream));
    peer.ours = -1;
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    const struct tls_peer wanted = {"kms.test", NOW_S};
    expect_ok("start", tls_client_start(&client, &wanted, deadline_ms, &stream));
    /* The tickets of the handshake itself arrive some time after it. */
    expect_ok("tickets", stream_wait_readable(&stream, deadline_ms));
    expect_true("are nothing", stream_is_idle(&stream));
    expect_ok("poke", stream_write(&stream, slice_text("p"), deadline_ms));
    expect_ok("another ticket and a byte", stream_read_all(&stream, &byte, 1, deadline_ms));
    expect_true("idle again", stream_is_idle(&stream));
    expect_ok("poke", stream_write(&stream, slice_text("p"), deadline_ms));
    expect_ok("new keys", stream_wait_readable(&stream, deadline_ms));
    expect_true("are nothing either", stream_is_idle(&stream));
    stream_close(&stream);
    peer_stop(&peer);
}

static void rude_end(void)
{
    SCOPED(tls_client_close) struct tls_client client = {0};
    SCOPED(stream_close) struct stream stream = {0};
    struct service service;
    struct peer peer;
    uint8_t byte;
    size_t size;
    service_open(&service, &made.good, NULL);
    expect_ok("client", tls_client_open(certificate_pem(&made.root), &client));
    peer_start(&peer, serve_rudely, &service);
    expect_ok("open", stream_open(peer.ours, &stream));
    peer.ours = -1;
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    const struct tls_peer wanted = {"kms.test", NOW_S};
    expect_ok("start", tls_client_start(&client, &wanted, deadline_ms, &stream));
    const status got = stream_read(&stream, &byte, 1, deadline_ms, &size);
    expect_refused("read", got, "tls: peer ended without saying so");
    expect_u64("detail", (uint64_t)got.detail, ECONNRESET);
    expect_true("is not idle", !stream_is_idle(&stream));
    stream_close(&stream);
    peer_stop(&peer);
    tls_server_close(&service.server);
}

static void server_side(void)
{
    struct service service;
    static const struct {
        const char *name, *text, *refusal;
    } rows[] = {
        {"plain text", "GET / HTTP/1.1\r\n\r\n", "tls: peer does not speak TLS"},
        {"nothing", "", "socket: peer has vanished"},
        {"half a record", "\x16\x03\x01", "socket: peer has vanished"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct peer peer;
        runner_row(rows[i].name);
        service_open(&service, &made.good, NULL);
        peer_start(&peer, serve_echo, &service);
        peer_write(peer.ours, rows[i].text, strlen(rows[i].text));
        shutdown(peer.ours, SHUT_WR);
        peer_stop(&peer);
        expect_refused("start", service.handshake, rows[i].refusal);
        tls_server_close(&service.server);
    }
}

/* The parent trusts what the machine trusts; that must fit the limits. */
static void system_bundle(void)
{
    static const char path[] = "/etc/ssl/certs/ca-certificates.crt";
    SCOPED(tls_client_close) struct tls_client client = {0};
    if (access(path, R_OK) != 0) {
        runner_skip("no %s on this machine", path);
        return;
    }
    expect_ok("open", tls_client_open(runner_file(path), &client));
}

static void material(void)
{
    static char roots[TLS_PEM_SIZE_MAX + 1];
    struct builder text;
    struct tls_client client = {0};
    struct tls_server server = {0};
    expect_refused("no root", tls_client_open(slice_text(""), &client),
                   "tls: no root certificate is given");
    expect_refused("no PEM", tls_client_open(slice_text("hello"), &client),
                   "tls: no root certificate is given");
    expect_refused("broken PEM",
                   tls_client_open(slice_text("-----BEGIN CERTIFICATE-----\nAAAA\n"
                                              "-----END CERTIFICATE-----\n"),
                                   &client),
                   "tls: certificate cannot be read");
    for (size_t count = TLS_ROOT_COUNT_MAX; count <= TLS_ROOT_COUNT_MAX + 1; count++) {
        runner_row_at("roots", count);
        builder_init(&text, roots, sizeof roots);
        for (size_t i = 0; i < count; i++) {
            builder_put(&text, certificate_pem(i % 2 ? &made.root : &made.other_root));
        }
        expect_outcome("open", tls_client_open(builder_view(&text), &client),
                       count > TLS_ROOT_COUNT_MAX ? "tls: too many root certificates" : NULL);
        tls_client_close(&client);
    }
    runner_row("size");
    memset(roots, '\n', sizeof roots);
    expect_refused("the most, of nothing",
                   tls_client_open(slice_of(roots, TLS_PEM_SIZE_MAX), &client),
                   "tls: no root certificate is given");
    expect_refused("one more", tls_client_open(slice_of(roots, TLS_PEM_SIZE_MAX + 1), &client),
                   "tls: PEM text is too large");
    runner_row(NULL);
    const struct tls_identity mismatched = {certificate_pem(&made.good),
                                            certificate_key_pem(&made.by_other)};
    expect_refused("another's key", tls_server_open(&mismatched, &server),
                   "tls: private key is not one or not the certificate's");
    const struct tls_identity keyless = {certificate_pem(&made.good), slice_text("")};
    expect_refused("no key", tls_server_open(&keyless, &server),
                   "tls: private key is not one or not the certificate's");
    const struct tls_identity empty = {slice_text(""), certificate_key_pem(&made.good)};
    expect_refused("no chain", tls_server_open(&empty, &server),
                   "tls: no server certificate is given");
    tls_server_close(&server);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"certificates", certificates},
        {"other peers", other_peers},
        {"weak peers", weak_peers},
        {"cut anywhere", cut_anywhere},
        {"large and half closed", large_and_half_closed},
        {"talk between messages", talk_between_messages},
        {"rude end", rude_end},
        {"server side", server_side},
        {"system bundle", system_bundle},
        {"material", material},
    };
    make_all();
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
