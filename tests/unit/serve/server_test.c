#include "serve/server.h"

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "certificates.h"
#include "os/harden.h"
#include "runner.h"

/* How long anything is waited for that must come: a loaded machine is no failure. */
enum { PATIENCE_MS = 60000, PARKED_COUNT_MAX = 4096 };

#define H "Host: x\r\n"
#define OK "GET /ok HTTP/1.1\r\nHost: x\r\n\r\n"
#define PARK "GET /park HTTP/1.1\r\nHost: x\r\n\r\n"

/*
 * A program that answers /ok with the shard's index, parks /park until `released`, and answers
 * /later from another thread's task; its body is told to /peer.
 */
static struct {
    struct server server;
    struct serve_service service;
    struct server_settings settings;
    _Atomic unsigned parked_count, ended_count, gone_count, problem_count;
    struct exchange *parked[2][PARKED_COUNT_MAX]; /* of each shard, its thread's */
    unsigned counts[2];
    struct loop_task release[2];
} program;

static const struct exchange_headers no_headers = {NULL, 0};

static void judge(void *context, struct exchange *exchange)
{
    (void)context;
    if (slice_equal(exchange_request(exchange)->target, slice_text("/body"))) {
        exchange_expect(exchange, SERVE_BODY_SIZE_MAX, EXCHANGE_SMALL);
    }
}

static void handle(void *context, struct exchange *exchange)
{
    const slice target = exchange_request(exchange)->target;
    const size_t shard = exchange_shard_index(exchange);
    (void)context;
    if (slice_equal(target, slice_text("/park"))) {
        program.parked[shard][program.counts[shard]++] = exchange;
        exchange_park(exchange);
        atomic_fetch_add(&program.parked_count, 1);
    } else if (slice_equal(target, slice_text("/peer"))) {
        const struct serve_peer *peer = exchange_peer(exchange);
        exchange_answer(exchange, peer->has_certificate ? 200 : 403, no_headers,
                        serve_peer_name(peer));
    } else if (slice_equal(target, slice_text("/large"))) {
        static char large[200000];
        exchange_answer(exchange, 200, no_headers, slice_of(large, sizeof large));
    } else {
        exchange_answer(exchange, 200, no_headers, slice_text(shard == 0 ? "shard 0" : "shard 1"));
    }
}

static void problem(void *context, struct exchange *exchange, unsigned code, status failure)
{
    (void)context;
    atomic_fetch_add(&program.problem_count, 1);
    exchange_answer(exchange, code, no_headers, slice_text(status_message(failure)));
}

static void ended(void *context, struct exchange *exchange, enum exchange_end end)
{
    (void)context;
    (void)exchange;
    atomic_fetch_add(&program.ended_count, 1);
    if (end == EXCHANGE_CLIENT_GONE) atomic_fetch_add(&program.gone_count, 1);
}

static void release_shard(struct loop_task *task)
{
    const size_t shard = task == &program.release[1];
    const unsigned count = program.counts[shard];
    program.counts[shard] = 0;
    for (unsigned i = 0; i < count; i++) {
        exchange_answer(program.parked[shard][i], 200, no_headers, slice_text("released"));
    }
}

static void release_all(void)
{
    for (size_t i = 0; i < program.settings.shard_count; i++) {
        program.release[i].run = release_shard;
        loop_post(server_loop(&program.server, i), &program.release[i]);
    }
}

static void prepare(const char *where)
{
    memset(&program, 0, sizeof program);
    program.service = (struct serve_service){.context = &program,
                                             .state_size = 64,
                                             .judge = judge,
                                             .handle = handle,
                                             .problem = problem,
                                             .ended = ended};
    program.settings = (struct server_settings){.service = &program.service,
                                                .shard_count = 2,
                                                .limits = serve_limits_default(),
                                                .deadlines = serve_deadlines_default(),
                                                .clock = clock_system()};
    expect_ok("endpoint", endpoint_parse(slice_text(where), &program.settings.listen));
}

static void start(void)
{
    expect_ok("open", server_open(&program.server, &program.settings));
    expect_ok("start", server_start(&program.server));
}

static int dial(void)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_un path;
    } at = {{0}};
    const endpoint *bound = server_bound(&program.server);
    const bool is_unix = bound->kind == ENDPOINT_UNIX;
    const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    const int client = socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (is_unix) {
        at.path.sun_family = AF_UNIX;
        memcpy(at.path.sun_path, bound->path, sizeof at.path.sun_path);
    } else {
        at.ipv4.sin_family = AF_INET;
        at.ipv4.sin_port = htons((uint16_t)bound->port);
        at.ipv4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    expect_true("connect",
                connect(client, &at.any, is_unix ? sizeof at.path : sizeof at.ipv4) == 0);
    return client;
}

static void send_text(int client, const char *text)
{
    expect_true("send", send(client, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

/* Reads one answer, whose body is short; the whole text, or what came before the end. */
static const char *receive(int client)
{
    static char text[4096];
    size_t size = 0;
    text[0] = 0;
    for (;;) {
        const char *end = strstr(text, "\r\n\r\n");
        const char *length = strstr(text, "Content-Length: ");
        uint64_t body_size = 0;
        if (end && length) {
            const slice digits = slice_part(slice_text(length + 16), 0, strcspn(length + 16, "\r"));
            (void)!status_is_ok(slice_parse_u64(digits, sizeof text, &body_size));
            if (strlen(end + 4) >= body_size) return text;
        }
        const ssize_t got = recv(client, text + size, sizeof text - 1 - size, 0);
        if (got <= 0) return text;
        size += (size_t)got;
        text[size] = 0;
    }
}

static bool is_code(const char *text, const char *code)
{
    return strncmp(text, "HTTP/1.1 ", 9) == 0 && strncmp(text + 9, code, 3) == 0;
}

static bool has(const char *text, const char *words)
{
    return strstr(text, words) != NULL;
}

static void wait_for(const _Atomic unsigned *count, unsigned wanted)
{
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    while (atomic_load(count) < wanted && clock_monotonic_ms() < deadline_ms) poll(NULL, 0, 2);
    expect_u64("came", atomic_load(count), wanted);
}

static uint64_t counter(enum counters_kind kind)
{
    struct serve_totals totals;
    server_read_counters(&program.server, &totals);
    return totals.values[kind];
}

/* Few clients, whom a hash would deal out unequally, are dealt out equally. */
static void shards_share(void)
{
    static const char *const where[] = {"tcp:127.0.0.1:0", "a Unix socket"};
    for (size_t i = 0; i < ARRAY_COUNT(where); i++) {
        int clients[16], counts[2] = {0};
        char path[80];
        runner_row(where[i]);
        snprintf(path, sizeof path, "unix:/tmp/enw-serve-%d.sock", (int)getpid());
        prepare(i == 0 ? where[0] : path);
        start();
        for (size_t k = 0; k < 16; k++) {
            clients[k] = dial();
            send_text(clients[k], OK);
            counts[has(receive(clients[k]), "shard 1")]++;
        }
        expect_u64("first", (uint64_t)counts[0], 8);
        expect_u64("second", (uint64_t)counts[1], 8);
        for (size_t k = 0; k < 16; k++) close(clients[k]);
        server_close(&program.server);
        server_close(&program.server);
    }
}

/* Somebody else listens there: two servers of one user would share its clients without knowing. */
static void address_in_use(void)
{
    static struct server second;
    prepare("tcp:127.0.0.1:0");
    start();
    struct server_settings settings = program.settings;
    settings.listen = *server_bound(&program.server);
    expect_kind("second", server_open(&second, &settings), FAILURE_CONFLICT);
    server_close(&second);
    server_close(&program.server);
}

static void settings_are_checked(void)
{
    static struct server server;
    prepare("tcp:127.0.0.1:0");
    struct server_settings settings = program.settings;
    settings.limits.request_count = 0;
    expect_refused("limits", server_open(&server, &settings),
                   "limits: there must be memory of each kind");
    settings = program.settings;
    settings.shard_count = SERVER_SHARD_COUNT_MAX + 1;
    expect_refused("shards", server_open(&server, &settings), "server: too many shards");
    settings = program.settings;
    struct serve_service service = program.service;
    service.state_size = EXCHANGE_STATE_SIZE_MAX + 1;
    settings.service = &service;
    expect_refused("state", server_open(&server, &settings),
                   "server: the program's state is too large");
    expect_true("descriptors", server_descriptor_count(&program.settings) > SERVE_CONNECTION_COUNT);
}

/* A task of another thread ends what was parked; nobody's answer is another's. */
static void parked_and_released(void)
{
    int clients[20];
    prepare("tcp:127.0.0.1:0");
    start();
    for (size_t i = 0; i < 20; i++) {
        clients[i] = dial();
        send_text(clients[i], PARK);
    }
    wait_for(&program.parked_count, 20);
    release_all();
    for (size_t i = 0; i < 20; i++) {
        expect_true("released", has(receive(clients[i]), "released"));
        send_text(clients[i], OK);
        expect_true("goes on", has(receive(clients[i]), "shard"));
        close(clients[i]);
    }
    wait_for(&program.ended_count, 40);
    server_close(&program.server);
}

/*
 * Ending: for a while everything is served, each answer saying that its connection ends; then the
 * idle are told goodbye, and what is under way is finished.
 */
struct draining {
    int64_t delay_ms, finish_ms;
    status got;
    _Atomic unsigned is_over;
};

static void *drain(void *context)
{
    struct draining *draining = context;
    draining->got = server_drain(&program.server, draining->delay_ms, draining->finish_ms);
    atomic_store(&draining->is_over, 1);
    return NULL;
}

static void lame_duck(void)
{
    struct draining draining = {.delay_ms = 1500, .finish_ms = PATIENCE_MS};
    pthread_t thread;
    prepare("tcp:127.0.0.1:0");
    start();
    const int idle = dial(), busy = dial(), active = dial();
    send_text(idle, OK);
    expect_true("before", !has(receive(idle), "Connection: close"));
    send_text(busy, PARK);
    send_text(active, OK);
    receive(active);
    wait_for(&program.parked_count, 1);
    expect_true("thread", pthread_create(&thread, NULL, drain, &draining) == 0);
    /* A connection made after the news is served, too: nobody may know of them yet. */
    const char *text;
    int fresh;
    do {
        fresh = dial();
        send_text(fresh, OK);
        text = receive(fresh);
        expect_true("served", is_code(text, "200"));
        if (!has(text, "Connection: close")) close(fresh);
    } while (!has(text, "Connection: close"));
    send_text(active, OK);
    text = receive(active);
    expect_true("served, and ended", is_code(text, "200") && has(text, "Connection: close"));
    char byte;
    expect_true("a clean end", recv(active, &byte, 1, 0) == 0);
    expect_true("for the idle too", recv(idle, &byte, 1, 0) == 0);
    expect_u64("not over while one is parked", atomic_load(&draining.is_over), 0);
    release_all();
    text = receive(busy);
    expect_true("finished", has(text, "released") && has(text, "Connection: close"));
    expect_true("a clean end", recv(busy, &byte, 1, 0) == 0);
    const int all[] = {idle, busy, active, fresh};
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) close(all[i]);
    pthread_join(thread, NULL);
    expect_ok("in time", draining.got);
    server_close(&program.server);
}

/* What the program never answers does not keep the server from ending; it is answered by it. */
static void ends_by_force(void)
{
    prepare("tcp:127.0.0.1:0");
    start();
    const int client = dial(), other = dial();
    send_text(client, PARK);
    send_text(other, PARK);
    wait_for(&program.parked_count, 2);
    expect_kind("parked", server_drain(&program.server, 0, 50), FAILURE_UNAVAILABLE);
    /* The threads have ended: the program ends what is parked, on any thread. */
    for (size_t i = 0; i < 2; i++) {
        for (unsigned k = 0; k < program.counts[i] && k < 1; k++) {
            exchange_answer(program.parked[i][k], 503, no_headers, slice_text("stopping"));
        }
    }
    expect_true("answered", is_code(receive(client), "503"));
    expect_true("and the other", is_code(receive(other), "503"));
    server_close(&program.server);
    expect_u64("each ended once", atomic_load(&program.ended_count), 2);
    close(client);
    close(other);
}

static void closed_while_parked(void)
{
    prepare("tcp:127.0.0.1:0");
    start();
    const int client = dial();
    send_text(client, PARK);
    wait_for(&program.parked_count, 1);
    server_close(&program.server);
    expect_u64("ended", atomic_load(&program.ended_count), 1);
    close(client);
}

/* ---- many ---- */

enum { MANY = 2000, SLOW = 40, ROUNDS = 5 };

/* Reads what there is, and counts the answers by their first line. */
static bool take_answers(int client, unsigned *good, unsigned *bad)
{
    char text[8192];
    const ssize_t got = recv(client, text, sizeof text - 1, MSG_DONTWAIT);
    if (got <= 0) return false;
    text[got] = 0;
    for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")); at += 9) {
        if (strncmp(at + 9, "200", 3) == 0) ++*good;
        else ++*bad;
    }
    return true;
}

/* Sends the next request each time that an answer came. Returns how many answers were no 200. */
static unsigned serve_many(const int *clients, size_t count)
{
    static unsigned good[MANY];
    static struct epoll_event events[256];
    unsigned bad = 0, done = 0;
    const int epoll = epoll_create1(EPOLL_CLOEXEC);
    memset(good, 0, sizeof good);
    for (size_t i = 0; i < count; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};
        epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i], &event);
        send_text(clients[i], OK);
    }
    const int64_t deadline_ms = clock_deadline_ms(PATIENCE_MS);
    while (done < count && clock_monotonic_ms() < deadline_ms) {
        const int ready = epoll_wait(epoll, events, 256, 1000);
        for (int i = 0; i < ready; i++) {
            const size_t index = (size_t)events[i].data.u64;
            const unsigned before = good[index];
            if (!take_answers(clients[index], &good[index], &bad)) {
                epoll_ctl(epoll, EPOLL_CTL_DEL, clients[index], NULL);
                bad++;
            } else if (good[index] > before && good[index] < ROUNDS) {
                send_text(clients[index], OK);
            } else if (good[index] == ROUNDS) {
                done++;
            }
        }
    }
    close(epoll);
    expect_u64("all were answered", done, count);
    return bad;
}

/* 2,000 busy connections beside others that take their answers slowly, or do not at all. */
static void many_connections(void)
{
    static int clients[MANY], slow[SLOW];
    struct rlimit before, large;
    getrlimit(RLIMIT_NOFILE, &before);
    large = before;
    large.rlim_cur = 2 * MANY + 2 * SLOW + 200;
    if (setrlimit(RLIMIT_NOFILE, &large) != 0) {
        runner_skip("not allowed to open %d descriptors", 2 * MANY + 2 * SLOW + 200);
        return;
    }
    prepare("tcp:127.0.0.1:0");
    start();
    for (size_t i = 0; i < SLOW; i++) {
        slow[i] = dial();
        send_text(slow[i], "GET /large HTTP/1.1\r\n" H "\r\nGET /large HTTP/1.1\r\n" H "\r\n");
    }
    for (size_t i = 0; i < MANY; i++) clients[i] = dial();
    expect_u64("no answer but 200", serve_many(clients, MANY), 0);
    expect_u64("nobody was sent away", counter(COUNTERS_EVICTED) + counter(COUNTERS_REFUSED_PEER),
               0);
    for (size_t i = 0; i < MANY; i++) close(clients[i]);
    for (size_t i = 0; i < SLOW; i++) close(slow[i]);
    server_close(&program.server);
    setrlimit(RLIMIT_NOFILE, &before);
}

/* ---- TLS ---- */

static struct certificate root, leaf, leaf_2, client_leaf, server_only, other_root, stranger;

static void make(struct certificate *made, struct certificate_wish wish)
{
    const int64_t now_s = clock_wall_ms() / 1000;
    wish.not_before_s = now_s - (wish.is_authority ? 7200 : 3600);
    wish.not_after_s = now_s + (wish.is_authority ? 7200 : 3600);
    certificate_open(made, &wish);
}

static void make_certificates(void)
{
    make(&root, (struct certificate_wish){.common_name = "root", .is_authority = true});
    make(&other_root, (struct certificate_wish){.common_name = "other", .is_authority = true});
    make(&leaf, (struct certificate_wish){.common_name = "first",
                                          .alternative_name = "DNS:localhost",
                                          .usage = "serverAuth",
                                          .issuer = &root});
    make(&leaf_2, (struct certificate_wish){.common_name = "second",
                                            .alternative_name = "DNS:localhost",
                                            .usage = "serverAuth",
                                            .issuer = &root});
    make(&client_leaf, (struct certificate_wish){.common_name = "x",
                                                 .alternative_name = "DNS:alice.test",
                                                 .usage = "clientAuth",
                                                 .issuer = &root});
    make(&server_only, (struct certificate_wish){
                           .common_name = "server", .usage = "serverAuth", .issuer = &root});
    make(&stranger, (struct certificate_wish){
                        .common_name = "stranger", .usage = "clientAuth", .issuer = &other_root});
}

static void close_certificates(void)
{
    struct certificate *all[] = {&root,        &leaf,       &leaf_2,  &client_leaf,
                                 &server_only, &other_root, &stranger};
    for (size_t i = 0; i < ARRAY_COUNT(all); i++) certificate_close(all[i]);
}

static void start_tls(bool asks_clients)
{
    static struct tls_identity identity;
    prepare("tcp:127.0.0.1:0");
    identity = (struct tls_identity){certificate_pem(&leaf), certificate_key_pem(&leaf)};
    program.settings.tls = &identity;
    if (asks_clients) program.settings.client_roots_pem = certificate_pem(&root);
    start();
}

/* One request over TLS; the answer, or an empty text. `shown` is the server's subject. */
static const char *ask_tls(int version, const struct certificate *own, const char *text,
                           char *shown)
{
    static char answer[4096];
    const int client = dial();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context, version < TLS1_2_VERSION ? 0 : 2);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.x509);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (own) {
        SSL_CTX_use_certificate(context, own->x509);
        SSL_CTX_use_PrivateKey(context, own->key);
    }
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, client);
    int size = 0;
    answer[0] = 0;
    if (SSL_connect(ssl) == 1 && SSL_write(ssl, text, (int)strlen(text)) > 0) {
        int got;
        while (size < 2000 && (got = SSL_read(ssl, answer + size, 2000 - size)) > 0) {
            size += got;
            answer[size] = 0;
            if (has(answer, "\r\n\r\n")) break;
        }
        if (shown) {
            X509 *peer = SSL_get1_peer_certificate(ssl);
            X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, shown, 64);
            X509_free(peer);
        }
    }
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(client);
    return answer;
}

static void tls_versions(void)
{
    start_tls(false);
    expect_true("1.3", is_code(ask_tls(TLS1_3_VERSION, NULL, OK, NULL), "200"));
    expect_true("1.2", is_code(ask_tls(TLS1_2_VERSION, NULL, OK, NULL), "200"));
    expect_text("1.1", slice_text(ask_tls(TLS1_1_VERSION, NULL, OK, NULL)), "");
    expect_true(
        "a large answer begins",
        is_code(ask_tls(TLS1_3_VERSION, NULL, "GET /large HTTP/1.1\r\n" H "\r\n", NULL), "200"));
    /* Plain HTTP gets an end, and no hang. */
    const int plain = dial();
    send_text(plain, OK);
    expect_true("no HTTP without TLS", !is_code(receive(plain), "200"));
    close(plain);
    expect_true("counted", counter(COUNTERS_HANDSHAKE_FAILED) >= 2);
    server_close(&program.server);
}

static void client_certificates(void)
{
    static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
    static const char peer[] = "GET /peer HTTP/1.1\r\nHost: x\r\n\r\n";
    start_tls(true);
    for (size_t i = 0; i < ARRAY_COUNT(versions); i++) {
        runner_row_at("version", (size_t)versions[i]);
        const char *text = ask_tls(versions[i], &client_leaf, peer, NULL);
        expect_true("ours", is_code(text, "200") && has(text, "alice.test"));
        expect_true("none is the program's matter",
                    is_code(ask_tls(versions[i], NULL, peer, NULL), "403"));
        expect_text("another authority's", slice_text(ask_tls(versions[i], &stranger, peer, NULL)),
                    "");
        expect_text("a server's", slice_text(ask_tls(versions[i], &server_only, peer, NULL)), "");
    }
    server_close(&program.server);
}

/* A large answer arrives whole over TLS, and byte by byte requests are understood. */
static void tls_pieces(void)
{
    start_tls(false);
    const int client = dial();
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, client);
    static const char text[] = "GET /large HTTP/1.1\r\n" H "\r\n" OK;
    static char got[210000];
    expect_true("handshake", SSL_connect(ssl) == 1);
    for (size_t i = 0; i < sizeof text - 1; i++)
        expect_true("write", SSL_write(ssl, text + i, 1) == 1);
    int size = 0, part = 0;
    while (size < 200100 && (part = SSL_read(ssl, got + size, (int)sizeof got - size)) > 0)
        size += part;
    expect_true("all of it", size > 200100);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(client);
    server_close(&program.server);
}

static void reload(void)
{
    char shown[64] = "";
    start_tls(false);
    ask_tls(TLS1_3_VERSION, NULL, OK, shown);
    expect_text("before", slice_text(shown), "first");
    const struct tls_identity wrong = {certificate_pem(&leaf_2), certificate_key_pem(&leaf)};
    expect_kind("a key of another", server_reload_tls(&program.server, &wrong, slice_text("")),
                FAILURE_BAD_INPUT);
    ask_tls(TLS1_3_VERSION, NULL, OK, shown);
    expect_text("as it was", slice_text(shown), "first");
    const struct tls_identity fresh = {certificate_pem(&leaf_2), certificate_key_pem(&leaf_2)};
    expect_ok("reload", server_reload_tls(&program.server, &fresh, certificate_pem(&root)));
    ask_tls(TLS1_3_VERSION, NULL, OK, shown);
    expect_text("after", slice_text(shown), "second");
    const char *text =
        ask_tls(TLS1_3_VERSION, &client_leaf, "GET /peer HTTP/1.1\r\n" H "\r\n", NULL);
    expect_true("and clients are asked", has(text, "alice.test"));
    server_close(&program.server);
    prepare("tcp:127.0.0.1:0");
    start();
    expect_kind("without TLS", server_reload_tls(&program.server, &fresh, slice_text("")),
                FAILURE_DENIED);
    server_close(&program.server);
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"shards share", shards_share},
        {"address in use", address_in_use},
        {"settings are checked", settings_are_checked},
        {"parked and released", parked_and_released},
        {"lame duck", lame_duck},
        {"ends by force", ends_by_force},
        {"closed while parked", closed_while_parked},
        {"many connections", many_connections},
        {"TLS versions", tls_versions},
        {"client certificates", client_certificates},
        {"TLS pieces", tls_pieces},
        {"reload", reload},
    };
    /* OpenSSL's own transport, which the clients here use, writes without asking for no signal. */
    signal(SIGPIPE, SIG_IGN);
    make_certificates();
    const int code = runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
    close_certificates();
    return code;
}
