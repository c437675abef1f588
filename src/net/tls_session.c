#include "net/tls_session.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/text.h"

status tls_session_open(const struct tls_server *server, int descriptor,
                        struct tls_session *session)
{
    return tls_server_prepare(server, descriptor, &session->state);
}

/* What a call's result means. The queue of errors is a thread's and must be empty before it. */
static enum tls_session_step step_of(struct tls_session *session, int result)
{
    const int error = SSL_get_error(session->state, result);
    ERR_clear_error();
    switch (error) {
    case SSL_ERROR_NONE: return TLS_SESSION_DONE;
    case SSL_ERROR_WANT_READ: return TLS_SESSION_WANTS_READ;
    case SSL_ERROR_WANT_WRITE: return TLS_SESSION_WANTS_WRITE;
    case SSL_ERROR_ZERO_RETURN: return TLS_SESSION_ENDED;
    default: return TLS_SESSION_BROKEN;
    }
}

enum tls_session_step tls_session_handshake(struct tls_session *session)
{
    ERR_clear_error();
    return step_of(session, SSL_do_handshake(session->state));
}

enum tls_session_step tls_session_read(struct tls_session *session, void *bytes, size_t size_max,
                                       size_t *size)
{
    *size = 0;
    ERR_clear_error();
    return step_of(session, SSL_read_ex(session->state, bytes, size_max, size));
}

enum tls_session_step tls_session_write(struct tls_session *session, slice bytes, size_t *size)
{
    *size = 0;
    ERR_clear_error();
    return step_of(session, SSL_write_ex(session->state, bytes.bytes, bytes.size, size));
}

void tls_session_shut(struct tls_session *session)
{
    ERR_clear_error();
    /* Before the handshake is over there is nobody to say goodbye to, and OpenSSL says so. */
    if (SSL_is_init_finished(session->state)) SSL_shutdown(session->state);
    ERR_clear_error();
}

static bool is_visible(slice name)
{
    return name.size > 0 && text_is_made_of(name, text_is_visible);
}

static slice text_of(const ASN1_STRING *string)
{
    return slice_of(ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string));
}

/* True when it has one. */
static bool put_alternative_name(const X509 *certificate, struct builder *name)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool is_found = false;
    for (int i = 0; !is_found && i < sk_GENERAL_NAME_num(names); i++) {
        int kind;
        const ASN1_STRING *value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &kind);
        if (kind != GEN_URI && kind != GEN_DNS) continue;
        is_found = is_visible(text_of(value));
        if (is_found) builder_put(name, text_of(value));
    }
    GENERAL_NAMES_free(names);
    return is_found;
}

static void put_common_name(const X509 *certificate, struct builder *name)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0) return;
    const slice text = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    if (is_visible(text)) builder_put(name, text);
}

bool tls_session_peer(const struct tls_session *session, struct builder *name)
{
    const X509 *certificate = SSL_get0_peer_certificate(session->state);
    if (!certificate || SSL_get_verify_result(session->state) != X509_V_OK) return false;
    if (!put_alternative_name(certificate, name)) put_common_name(certificate, name);
    return true;
}

void tls_session_close(struct tls_session *session)
{
    SSL_free(session->state);
    ERR_clear_error();
    session->state = NULL;
}
