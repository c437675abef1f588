#include "net/tls.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket.h"

/*
 * The transport is a BIO of our own instead of OpenSSL's socket BIO: it writes with MSG_NOSIGNAL,
 * notes the first byte the peer has sent, and pulls no name lookup into a static program. Its data
 * pointer is two numbers: the descriptor in the low half, and 1 + the first byte above it.
 */
enum { FIRST_BYTE_SHIFT = 32 };

static int transport_descriptor(BIO *bio)
{
    return (int)((uintptr_t)BIO_get_data(bio) & 0x7fffffff);
}

/* The first byte the peer has sent, or -1 before that. */
static int transport_first_byte(BIO *bio)
{
    return (int)((uintptr_t)BIO_get_data(bio) >> FIRST_BYTE_SHIFT) - 1;
}

static void transport_set(BIO *bio, int descriptor, int first_byte)
{
    const uintptr_t data = (uintptr_t)(unsigned)descriptor |
                           ((uintptr_t)(unsigned)(first_byte + 1) << FIRST_BYTE_SHIFT);
    BIO_set_data(bio, (void *)data);
    BIO_set_init(bio, 1);
}

static bool is_retried(int reason)
{
    return reason == EAGAIN || reason == EWOULDBLOCK || reason == EINTR;
}

static int transport_read(BIO *bio, char *bytes, int size)
{
    BIO_clear_retry_flags(bio);
    errno = 0;
    const ssize_t got = recv(transport_descriptor(bio), bytes, (size_t)size, 0);
    if (got < 0 && is_retried(errno)) BIO_set_retry_read(bio);
    if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    if (got > 0 && transport_first_byte(bio) < 0) {
        transport_set(bio, transport_descriptor(bio), (uint8_t)bytes[0]);
    }
    return (int)got;
}

static int transport_write(BIO *bio, const char *bytes, int size)
{
    BIO_clear_retry_flags(bio);
    errno = 0;
    const ssize_t done = send(transport_descriptor(bio), bytes, (size_t)size, MSG_NOSIGNAL);
    if (done < 0 && is_retried(errno)) BIO_set_retry_write(bio);
    return (int)done;
}

static long transport_control(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *transport_make(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
    if (!method) return NULL;
    if (BIO_meth_set_read(method, transport_read) != 1 ||
        BIO_meth_set_write(method, transport_write) != 1 ||
        BIO_meth_set_ctrl(method, transport_control) != 1) {
        BIO_meth_free(method);
        return NULL;
    }
    return method;
}

/*
 * What a failed call was about. The descriptor is waited for and the call repeated unless this
 * says otherwise. `reason` is the errno right after the call.
 */
static status outcome_wait(SSL *ssl, int result, int reason, int64_t deadline_ms)
{
    const int descriptor = transport_descriptor(SSL_get_rbio(ssl));
    switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ: return socket_wait(descriptor, POLLIN, deadline_ms);
    case SSL_ERROR_WANT_WRITE: return socket_wait(descriptor, POLLOUT, deadline_ms);
    case SSL_ERROR_SYSCALL: return socket_failure(reason == 0 ? ECONNRESET : reason);
    default: break;
    }
    const unsigned long error = ERR_peek_error();
    ERR_clear_error();
    if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        FAIL(UNAVAILABLE, ECONNRESET, "tls: peer ended without saying so");
    }
    FAIL(CORRUPT, ERR_GET_REASON(error), "tls: connection is broken");
}

static status tls_read(struct stream *stream, uint8_t *bytes, size_t size_max, int64_t deadline_ms,
                       size_t *size)
{
    SSL *ssl = stream->context;
    for (;;) {
        ERR_clear_error();
        errno = 0;
        size_t got_size = 0;
        const int result = SSL_read_ex(ssl, bytes, size_max, &got_size);
        const int reason = errno;
        if (result == 1 || SSL_get_error(ssl, result) == SSL_ERROR_ZERO_RETURN) {
            *size = got_size;
            return status_ok();
        }
        TRY(outcome_wait(ssl, result, reason, deadline_ms));
    }
}

static status tls_write(struct stream *stream, slice bytes, int64_t deadline_ms, size_t *size)
{
    SSL *ssl = stream->context;
    for (;;) {
        ERR_clear_error();
        errno = 0;
        size_t done_size = 0;
        const int result = SSL_write_ex(ssl, bytes.bytes, bytes.size, &done_size);
        const int reason = errno;
        if (result == 1) {
            *size = done_size;
            return status_ok();
        }
        TRY(outcome_wait(ssl, result, reason, deadline_ms));
    }
}

static status tls_shut_write(struct stream *stream, int64_t deadline_ms)
{
    SSL *ssl = stream->context;
    for (;;) {
        ERR_clear_error();
        errno = 0;
        const int result = SSL_shutdown(ssl);
        const int reason = errno;
        /* 0: ours is sent, the peer's has not come yet; its direction goes on. */
        if (result >= 0) return status_ok();
        TRY(outcome_wait(ssl, result, reason, deadline_ms));
    }
}

static bool tls_has_pending(const struct stream *stream)
{
    return SSL_has_pending(stream->context) != 0;
}

/* Servers send new session tickets whenever they like, so looking means letting TLS read. */
static bool tls_is_idle(struct stream *stream)
{
    SSL *ssl = stream->context;
    uint8_t byte;
    size_t size;
    ERR_clear_error();
    const int result = SSL_peek_ex(ssl, &byte, sizeof byte, &size);
    const bool is_idle = result != 1 && SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ;
    ERR_clear_error();
    return is_idle;
}

static void tls_close(struct stream *stream)
{
    SSL *ssl = stream->context;
    /* Says goodbye if there is room for it, and never waits. */
    ERR_clear_error();
    SSL_shutdown(ssl);
    SSL_free(ssl);
    ERR_clear_error();
    close(stream->descriptor);
}

static const struct stream_operations encrypted = {
    .read = tls_read,
    .write = tls_write,
    .shut_write = tls_shut_write,
    .has_pending = tls_has_pending,
    .is_idle = tls_is_idle,
    .close = tls_close,
};

/* What client and server have in common. Returns NULL when OpenSSL refuses any of it. */
static SSL_CTX *context_make(const SSL_METHOD *method)
{
    /* No configuration file may add to or take from what is set here. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1) return NULL;
    SSL_CTX *context = SSL_CTX_new(method);
    if (!context) return NULL;
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
    /* Since OpenSSL 3.2, where the library was built with zlib or zstd: one more parser less. */
    SSL_CTX_set_options(context, SSL_OP_NO_RX_CERTIFICATE_COMPRESSION |
                                     SSL_OP_NO_TX_CERTIFICATE_COMPRESSION);
#endif
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_security_level(context, 2);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1 ||
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                          "TLS_CHACHA20_POLY1305_SHA256") != 1 ||
        SSL_CTX_set_num_tickets(context, 0) != 1) {
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}

static void bio_close(BIO **bio)
{
    BIO_free(*bio);
}

static status pem_open(slice pem, BIO **bio)
{
    REQUIRE(pem.size <= TLS_PEM_SIZE_MAX, OVER_LIMIT, "tls: PEM text is too large");
    BIO *opened = BIO_new_mem_buf(pem.size > 0 ? pem.bytes : (const uint8_t *)"", (int)pem.size);
    REQUIRE(opened, UNAVAILABLE, "tls: no memory");
    *bio = opened;
    return status_ok();
}

/* Asks nobody: a key protected by a passphrase is refused. */
static int no_passphrase(char *text, int size_max, int is_written, void *context)
{
    (void)text;
    (void)size_max;
    (void)is_written;
    (void)context;
    return -1;
}

/* The next certificate, or NULL at the end of the text. */
static status certificate_take(BIO *pem, X509 **certificate)
{
    ERR_clear_error();
    X509 *taken = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL);
    const int reason = ERR_GET_REASON(ERR_peek_last_error());
    ERR_clear_error();
    REQUIRE(taken || reason == PEM_R_NO_START_LINE, BAD_INPUT, "tls: certificate cannot be read");
    *certificate = taken;
    return status_ok();
}

static status roots_add(SSL_CTX *context, slice roots_pem)
{
    SCOPED(bio_close) BIO *pem = NULL;
    TRY(pem_open(roots_pem, &pem));
    for (size_t count = 0;; count++) {
        X509 *root;
        TRY(certificate_take(pem, &root));
        if (!root) {
            REQUIRE(count > 0, BAD_INPUT, "tls: no root certificate is given");
            return status_ok();
        }
        const int is_added = count < TLS_ROOT_COUNT_MAX &&
                             X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root) == 1;
        X509_free(root);
        REQUIRE(count < TLS_ROOT_COUNT_MAX, BAD_INPUT, "tls: too many root certificates");
        REQUIRE(is_added, BAD_INPUT, "tls: root certificate is refused");
    }
}

status tls_client_open(slice roots_pem, struct tls_client *client)
{
    SCOPED(tls_client_close) struct tls_client opened = {0};
    opened.context = context_make(TLS_client_method());
    opened.transport = transport_make();
    REQUIRE(opened.context && opened.transport, INTERNAL, "tls: OpenSSL refuses the setup");
    TRY(roots_add(opened.context, roots_pem));
    SSL_CTX_set_verify(opened.context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_verify_depth(opened.context, TLS_CHAIN_DEPTH_MAX);
    *client = opened;
    opened = (struct tls_client){0};
    return status_ok();
}

void tls_client_close(struct tls_client *client)
{
    SSL_CTX_free(client->context);
    BIO_meth_free(client->transport);
    *client = (struct tls_client){0};
}

static void ssl_close(SSL **ssl)
{
    SSL_free(*ssl);
}

/* Makes the connection's state over a descriptor, which it does not own. */
static status ssl_open(SSL_CTX *context, const BIO_METHOD *method, int descriptor, SSL **ssl)
{
    SSL *opened = SSL_new(context);
    BIO *bio = opened ? BIO_new(method) : NULL;
    if (!bio) {
        SSL_free(opened);
        FAIL(UNAVAILABLE, 0, "tls: no memory");
    }
    transport_set(bio, descriptor, -1);
    SSL_set_bio(opened, bio, bio);
    *ssl = opened;
    return status_ok();
}

/* The peer must have a certificate for exactly this name or address, valid now. */
static status peer_set(SSL *ssl, const struct tls_peer *peer)
{
    X509_VERIFY_PARAM *wanted = SSL_get0_param(ssl);
    uint8_t address[16];
    const bool is_address = inet_pton(AF_INET, peer->host, address) == 1 ||
                            inet_pton(AF_INET6, peer->host, address) == 1;
    X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set_time(wanted, (time_t)peer->now_s);
    REQUIRE(peer->host[0], BAD_INPUT, "tls: the peer's name is empty");
    const int is_set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(wanted, peer->host)
                                  : X509_VERIFY_PARAM_set1_host(wanted, peer->host, 0) == 1 &&
                                        SSL_set_tlsext_host_name(ssl, peer->host) == 1;
    REQUIRE(is_set == 1, BAD_INPUT, "tls: the peer's name is not valid");
    return status_ok();
}

static status certificate_failure(long verdict)
{
    switch (verdict) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_CERT_UNTRUSTED:
        FAIL(DENIED, verdict, "tls: certificate is not from a trusted authority");
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        FAIL(DENIED, verdict, "tls: certificate is for another name");
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
        FAIL(DENIED, verdict, "tls: certificate is outside its time of validity");
    default: FAIL(DENIED, verdict, "tls: certificate is not fit for a server");
    }
}

/* Why a handshake ended: first the certificate, then what the peer speaks, then everything else. */
static status handshake_failure(SSL *ssl, int result, int reason)
{
    enum { RECORD_ALERT = 0x15, RECORD_HANDSHAKE = 0x16 };
    const int first_byte = transport_first_byte(SSL_get_rbio(ssl));
    const long verdict = SSL_get_verify_result(ssl);
    const int kind = SSL_get_error(ssl, result);
    const int error = ERR_GET_REASON(ERR_peek_error());
    ERR_clear_error();
    if (verdict != X509_V_OK) return certificate_failure(verdict);
    if (first_byte >= 0 && first_byte != RECORD_ALERT && first_byte != RECORD_HANDSHAKE) {
        FAIL(BAD_INPUT, 0, "tls: peer does not speak TLS");
    }
    if (kind == SSL_ERROR_SYSCALL) return socket_failure(reason == 0 ? ECONNRESET : reason);
    if (error == SSL_R_UNEXPECTED_EOF_WHILE_READING) return socket_failure(ECONNRESET);
    FAIL(UNAVAILABLE, error, "tls: handshake failed");
}

static status handshake(SSL *ssl, int (*step)(SSL *), int64_t deadline_ms)
{
    const int descriptor = transport_descriptor(SSL_get_rbio(ssl));
    for (;;) {
        ERR_clear_error();
        errno = 0;
        const int result = step(ssl);
        const int reason = errno;
        if (result == 1) return status_ok();
        const int kind = SSL_get_error(ssl, result);
        if (kind == SSL_ERROR_WANT_READ) TRY(socket_wait(descriptor, POLLIN, deadline_ms));
        else if (kind == SSL_ERROR_WANT_WRITE) TRY(socket_wait(descriptor, POLLOUT, deadline_ms));
        else return handshake_failure(ssl, result, reason);
    }
}

status tls_client_start(const struct tls_client *client, const struct tls_peer *peer,
                        int64_t deadline_ms, struct stream *stream)
{
    SCOPED(ssl_close) SSL *ssl = NULL;
    assert(stream_is_open(stream) && !stream->context);
    TRY(ssl_open(client->context, client->transport, stream->descriptor, &ssl));
    TRY(peer_set(ssl, peer));
    TRY(handshake(ssl, SSL_connect, deadline_ms));
    stream->operations = &encrypted;
    stream->context = ssl;
    ssl = NULL;
    return status_ok();
}

/* The chain is everything after the leaf. */
static status chain_add(SSL_CTX *context, slice chain_pem)
{
    SCOPED(bio_close) BIO *pem = NULL;
    TRY(pem_open(chain_pem, &pem));
    for (size_t count = 0;; count++) {
        X509 *certificate;
        TRY(certificate_take(pem, &certificate));
        if (!certificate) {
            REQUIRE(count > 0, BAD_INPUT, "tls: no server certificate is given");
            return status_ok();
        }
        const long is_added = count == 0 ? SSL_CTX_use_certificate(context, certificate)
                                         : SSL_CTX_add1_chain_cert(context, certificate);
        X509_free(certificate);
        REQUIRE(is_added == 1, BAD_INPUT, "tls: server certificate is refused");
    }
}

static status key_set(SSL_CTX *context, slice key_pem)
{
    SCOPED(bio_close) BIO *pem = NULL;
    TRY(pem_open(key_pem, &pem));
    EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, no_passphrase, NULL);
    const bool is_set = key && SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    ERR_clear_error();
    REQUIRE(is_set, BAD_INPUT, "tls: private key is not one or not the certificate's");
    return status_ok();
}

status tls_server_open(const struct tls_identity *identity, struct tls_server *server)
{
    SCOPED(tls_server_close) struct tls_server opened = {0};
    opened.context = context_make(TLS_server_method());
    opened.transport = transport_make();
    REQUIRE(opened.context && opened.transport, INTERNAL, "tls: OpenSSL refuses the setup");
    TRY(chain_add(opened.context, identity->chain_pem));
    TRY(key_set(opened.context, identity->key_pem));
    *server = opened;
    opened = (struct tls_server){0};
    return status_ok();
}

/* What clients are told of the authorities, so that those with several certificates can choose. */
static status authorities_name(SSL_CTX *context, slice roots_pem)
{
    SCOPED(bio_close) BIO *pem = NULL;
    TRY(pem_open(roots_pem, &pem));
    for (;;) {
        X509 *root;
        TRY(certificate_take(pem, &root));
        if (!root) return status_ok();
        const int is_added = SSL_CTX_add_client_CA(context, root);
        X509_free(root);
        REQUIRE(is_added == 1, BAD_INPUT, "tls: root certificate is refused");
    }
}

status tls_server_ask_clients(struct tls_server *server, slice roots_pem)
{
    TRY(roots_add(server->context, roots_pem));
    TRY(authorities_name(server->context, roots_pem));
    /* A server checks its peers' certificates for the purpose of a client without being told. */
    SSL_CTX_set_verify(server->context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_verify_depth(server->context, TLS_CHAIN_DEPTH_MAX);
    return status_ok();
}

/* The transports stay where they are: connections go on using the one that they began with. */
void tls_server_exchange(struct tls_server *server, struct tls_server *fresh)
{
    void *context = server->context;
    server->context = fresh->context;
    fresh->context = context;
}

void tls_server_close(struct tls_server *server)
{
    SSL_CTX_free(server->context);
    BIO_meth_free(server->transport);
    *server = (struct tls_server){0};
}

status tls_server_start(const struct tls_server *server, int64_t deadline_ms, struct stream *stream)
{
    SCOPED(ssl_close) SSL *ssl = NULL;
    assert(stream_is_open(stream) && !stream->context);
    TRY(ssl_open(server->context, server->transport, stream->descriptor, &ssl));
    TRY(handshake(ssl, SSL_accept, deadline_ms));
    stream->operations = &encrypted;
    stream->context = ssl;
    ssl = NULL;
    return status_ok();
}

status tls_server_prepare(const struct tls_server *server, int descriptor, void **ssl)
{
    SSL *opened = NULL;
    TRY(ssl_open(server->context, server->transport, descriptor, &opened));
    SSL_set_accept_state(opened);
    *ssl = opened;
    return status_ok();
}
