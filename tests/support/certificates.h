/*
 * certificates: authorities and server certificates made for a test, good and bad.
 */
#ifndef SUPPORT_CERTIFICATES_H
#define SUPPORT_CERTIFICATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum { CERTIFICATE_PEM_SIZE_MAX = 4096 };

struct certificate {
    void *key;  /* EVP_PKEY, P-256 */
    void *x509; /* X509 */
    char pem[CERTIFICATE_PEM_SIZE_MAX];
    char key_pem[CERTIFICATE_PEM_SIZE_MAX];
};

struct certificate_wish {
    const char *common_name;
    const char *alternative_name; /* "DNS:a.test,IP:127.0.0.1", or NULL for none */
    const char *usage;            /* extended key usage: "serverAuth"; NULL for none */
    bool is_authority;
    int64_t not_before_s, not_after_s;
    const struct certificate *issuer; /* NULL: signed by itself */
};

/* Makes a key pair and its certificate; aborts when OpenSSL does not. */
void certificate_open(struct certificate *certificate, const struct certificate_wish *wish);
void certificate_close(struct certificate *certificate);

slice certificate_pem(const struct certificate *certificate);
slice certificate_key_pem(const struct certificate *certificate);

#endif
