/*
 * kms_client: data keys from AWS KMS, over TLS that ends in this program.
 *
 * Each call names a pinned key and the encryption context, and carries an attestation document, so
 * that KMS answers only an image that the key policy allows, and only to the RSA key made in it.
 * The reply must be about the same KMS key and hold exactly 32 bytes. Connections are kept warm.
 *
 * A call that KMS throttles or that fails in passing is repeated, KMS_CLIENT_ATTEMPT_COUNT_MAX times
 * in all, after a random pause, as long as the deadline allows. Failures:
 *   DENIED       the key policy does not allow this image or role (kms_client_is_image_refused)
 *   UNAVAILABLE  "kms: credentials …": the caller must send newer ones; throttled; no answer
 *   CORRUPT      the reply is not what was asked for; the encrypted data key was altered
 *   others       as of tls.h, http_client.h, recipient.h
 */
#ifndef ENCLAVE_KMS_CLIENT_H
#define ENCLAVE_KMS_CLIENT_H

#include <stdbool.h>

#include "base/status.h"
#include "enclave/config.h"
#include "enclave/ports.h"
#include "enclave/recipients.h"
#include "enclave/statistics.h"
#include "net/endpoint.h"
#include "net/http_client.h"
#include "net/tls.h"
#include "os/clock.h"

enum {
    KMS_CLIENT_ATTEMPT_COUNT_MAX = 3,
    KMS_CLIENT_IDLE_MS_MAX = 50 * 1000,   /* AWS closes idle connections after about a minute */
    KMS_CLIENT_ATTEMPT_MS_MAX = 5 * 1000, /* one attempt; an answer takes 10 to 30 ms */
    KMS_CLIENT_PAUSE_MS = 50,             /* before the second attempt; doubled before the third */
};

struct kms_client_settings {
    const struct config *config;
    slice roots_pem;    /* the contents of the configured file */
    struct clock clock; /* trusted wall time */
    struct recipients *recipients;
    struct statistics *statistics;
};

/* `{0}` is closed. Any thread may use it. */
struct kms_client {
    struct kms_client_settings settings;
    struct tls_client tls;
    struct http_client http;
};

/* Makes no connection yet. What the settings point to must outlive it. */
MUST_CHECK status kms_client_open(const struct kms_client_settings *settings,
                                  struct kms_client *client);
/* No call may be under way. */
void kms_client_close(struct kms_client *client);

/* The port; `client` must outlive it. */
struct keys_port kms_client_port(struct kms_client *client);

/* True when KMS refused for what the key policy says, so that PCR0's value explains it. */
bool kms_client_is_image_refused(status result);

#endif
