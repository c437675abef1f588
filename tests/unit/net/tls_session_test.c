#include "net/tls_session.h"

#include <openssl/ssl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificates.h"
#include "os/clock.h"
#include "runner.h"

static struct certificate root, leaf;
static struct tls_server server;

/* Both ends of one connection, driven in turn by the test. */
static struct {
    struct tls_session session;
    SSL_CTX *context;
    SSL *client;
    int pair[2];
} ends;

static void make(struct certificate *made, struct certificate_wish wish)
{
    const int64_t now_s = clock_wall_ms() / 1000;
    wish.not_before_s = now_s - (wish.is_authority ? 7200 : 3600);
    wish.not_after_s = now_s + (wish.is_authority ? 7200 : 3600);
    certificate_open(made, &wish);
}

static void open_server(void)
{
    make(&root, (struct certificate_wish){.common_name = "root", .is_authority = true});
    make(&leaf, (struct certificate_wish){.common_name = "leaf", .issuer = &root});
    const struct tls_identity identity = {certificate_pem(&leaf), certificate_key_pem(&leaf)};
    expect_ok("server", tls_server_open(&identity, &server));
    expect_ok("clients", tls_server_ask_clients(&server, certificate_pem(&root)));
}

static void close_server(void)
{
    tls_server_close(&server);
    certificate_close(&root);
    certificate_close(&leaf);
}

static void open_ends(const struct certificate *own)
{
    expect_true("pair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.pair) == 0);
    expect_ok("session", tls_session_open(&server, ends.pair[0], &ends.session));
    ends.context = SSL_CTX_new(TLS_client_method());
    if (own) {
        SSL_CTX_use_certificate(ends.context, own->x509);
        SSL_CTX_use_PrivateKey(ends.context, own->key);
    }
    ends.client = SSL_new(ends.context);
    SSL_set_fd(ends.client, ends.pair[1]);
    SSL_set_connect_state(ends.client);
}

static void close_ends(void)
{
    tls_session_close(&ends.session);
    tls_session_close(&ends.session);
    SSL_free(ends.client);
    SSL_CTX_free(ends.context);
    close(ends.pair[0]);
    close(ends.pair[1]);
}

/* Shakes hands, each in turn. */
static enum tls_session_step shake(void)
{
    enum tls_session_step step = TLS_SESSION_WANTS_READ;
    for (int i = 0; i < 20 && step == TLS_SESSION_WANTS_READ; i++) {
        (void)SSL_do_handshake(ends.client);
        step = tls_session_handshake(&ends.session);
    }
    return step;
}

static void steps(void)
{
    static uint8_t large[1 << 20];
    uint8_t bytes[64];
    size_t size;
    open_server();
    open_ends(NULL);
    expect_true("nothing yet", tls_session_handshake(&ends.session) == TLS_SESSION_WANTS_READ);
    expect_true("hands are shaken", shake() == TLS_SESSION_DONE);
    expect_true("nothing to read", tls_session_read(&ends.session, bytes, sizeof bytes, &size) ==
                                       TLS_SESSION_WANTS_READ);
    expect_true("write", SSL_write(ends.client, "hello", 5) == 5);
    expect_true("read",
                tls_session_read(&ends.session, bytes, sizeof bytes, &size) == TLS_SESSION_DONE);
    expect_text("bytes", slice_of(bytes, size), "hello");
    enum tls_session_step step = TLS_SESSION_DONE;
    while (step == TLS_SESSION_DONE) {
        step = tls_session_write(&ends.session, slice_of(large, sizeof large), &size);
    }
    expect_true("no room", step == TLS_SESSION_WANTS_WRITE);
    SSL_shutdown(ends.client);
    expect_true("goodbye",
                tls_session_read(&ends.session, bytes, sizeof bytes, &size) == TLS_SESSION_ENDED);
    close_ends();
    close_server();
}

static void other_ends(void)
{
    static const char http[] = "GET / HTTP/1.1\r\n\r\n";
    open_server();
    open_ends(NULL);
    expect_true("write", write(ends.pair[1], http, sizeof http - 1) > 0);
    expect_true("no TLS", tls_session_handshake(&ends.session) == TLS_SESSION_BROKEN);
    tls_session_shut(&ends.session);
    close_ends();
    open_ends(NULL);
    shutdown(ends.pair[1], SHUT_WR);
    expect_true("an end", tls_session_handshake(&ends.session) == TLS_SESSION_BROKEN);
    close_ends();
    open_ends(NULL);
    expect_true("hands are shaken", shake() == TLS_SESSION_DONE);
    tls_session_shut(&ends.session);
    char byte;
    expect_true("goodbye", SSL_read(ends.client, &byte, 1) == 0 &&
                               SSL_get_error(ends.client, 0) == SSL_ERROR_ZERO_RETURN);
    close_ends();
    close_server();
}

/* What a client's certificate is called. */
static void names(void)
{
    static const struct {
        const char *name, *common_name, *alternative_name, *shown;
    } rows[] = {
        {"DNS name", "x", "DNS:alice.test", "alice.test"},
        {"URI", "x", "URI:spiffe://test/alice", "spiffe://test/alice"},
        {"the first of those", "x", "IP:127.0.0.1,DNS:a.test,URI:b", "a.test"},
        {"common name", "alice", NULL, "alice"},
        {"no such alternative", "alice", "IP:127.0.0.1", "alice"},
        {"no visible text", "a b", NULL, ""},
        {"no ASCII", "\xc3\xa9", NULL, ""},
    };
    open_server();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct certificate own;
        uint8_t memory[128];
        struct builder name;
        runner_row(rows[i].name);
        make(&own, (struct certificate_wish){.common_name = rows[i].common_name,
                                             .alternative_name = rows[i].alternative_name,
                                             .usage = "clientAuth",
                                             .issuer = &root});
        open_ends(&own);
        expect_true("hands are shaken", shake() == TLS_SESSION_DONE);
        builder_init(&name, memory, sizeof memory);
        expect_true("shown", tls_session_peer(&ends.session, &name));
        expect_text("name", builder_view(&name), rows[i].shown);
        close_ends();
        certificate_close(&own);
    }
    runner_row("none");
    struct builder name;
    uint8_t memory[8];
    builder_init(&name, memory, sizeof memory);
    open_ends(NULL);
    expect_true("hands are shaken", shake() == TLS_SESSION_DONE);
    expect_true("not shown", !tls_session_peer(&ends.session, &name));
    close_ends();
    close_server();
}

/* Whose certificates are taken, and what for. */
static void purposes(void)
{
    static struct certificate other;
    static const struct {
        const char *name, *usage;
        const struct certificate *issuer;
        enum tls_session_step step;
    } rows[] = {
        {"for clients", "clientAuth", &root, TLS_SESSION_DONE},
        {"for both", "serverAuth,clientAuth", &root, TLS_SESSION_DONE},
        {"for nothing in particular", NULL, &root, TLS_SESSION_DONE},
        {"for servers", "serverAuth", &root, TLS_SESSION_BROKEN},
        {"for code", "codeSigning", &root, TLS_SESSION_BROKEN},
        {"another authority's", "clientAuth", &other, TLS_SESSION_BROKEN},
    };
    open_server();
    make(&other, (struct certificate_wish){.common_name = "other", .is_authority = true});
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct certificate own;
        runner_row(rows[i].name);
        make(&own, (struct certificate_wish){
                       .common_name = "x", .usage = rows[i].usage, .issuer = rows[i].issuer});
        open_ends(&own);
        expect_true("step", shake() == rows[i].step);
        close_ends();
        certificate_close(&own);
    }
    certificate_close(&other);
    close_server();
}

/* Connections that began before an exchange keep what they began with. */
static void exchange(void)
{
    struct tls_server fresh = {0};
    struct certificate second;
    char shown[64] = "";
    open_server();
    make(&second, (struct certificate_wish){.common_name = "second", .issuer = &root});
    const struct tls_identity identity = {certificate_pem(&second), certificate_key_pem(&second)};
    expect_ok("server", tls_server_open(&identity, &fresh));
    open_ends(NULL);
    expect_true("hands are shaken", shake() == TLS_SESSION_DONE);
    tls_server_exchange(&server, &fresh);
    tls_server_close(&fresh);
    uint8_t byte;
    size_t size;
    expect_true("write", SSL_write(ends.client, "x", 1) == 1);
    expect_true("goes on", tls_session_read(&ends.session, &byte, 1, &size) == TLS_SESSION_DONE);
    close_ends();
    open_ends(NULL);
    expect_true("hands are shaken", shake() == TLS_SESSION_DONE);
    X509 *peer = SSL_get1_peer_certificate(ends.client);
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer), NID_commonName, shown, sizeof shown);
    X509_free(peer);
    expect_text("the new one", slice_text(shown), "second");
    close_ends();
    certificate_close(&second);
    close_server();
}

int main(int argc, char **argv)
{
    static const struct runner_test tests[] = {
        {"steps", steps},       {"other ends", other_ends}, {"names", names},
        {"purposes", purposes}, {"exchange", exchange},
    };
    return runner_main(argc, argv, __FILE__, tests, ARRAY_COUNT(tests));
}
