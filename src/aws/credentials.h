/*
 * credentials: what a call to AWS is signed with.
 *
 * The secret and the session token are secret texts; only sigv4 and the code that hands them to
 * the enclave open them. There is no printed form: a log may show the access key id at most.
 */
#ifndef AWS_CREDENTIALS_H
#define AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/credentials.h"
#include "base/secret.h"
#include "base/slice.h"
#include "base/status.h"

enum {
    AWS_CREDENTIALS_JSON_SIZE_MAX = 16 * 1024,
};

struct aws_credentials {
    uint8_t access_key_id[CREDENTIALS_ID_SIZE_MAX];
    size_t access_key_id_size; /* 0: there are none */
    struct secret_text secret;
    struct secret_text session_token; /* empty for long-lived keys */
    int64_t expires_at_s;             /* Unix time; 0 when they do not expire */
};

/* The parts that credentials are made of, as views. */
struct aws_credentials_parts {
    slice access_key_id;
    slice secret;
    slice session_token;  /* may be empty */
    int64_t expires_at_s; /* 0: never */
};

/*
 * Copies the parts in. BAD_INPUT when the id or secret is empty or any has a character outside
 * visible ASCII (they go into header lines); OVER_LIMIT.
 */
MUST_CHECK status aws_credentials_init(const struct aws_credentials_parts *parts,
                                       struct aws_credentials *credentials);

/*
 * Reads the JSON that IMDS, ECS and EKS Pod Identity answer with. AccessKeyId, SecretAccessKey,
 * Token and Expiration are required; a "Code" other than "Success" is UNAVAILABLE (the role cannot
 * be assumed now). Expiration may have fractional seconds.
 */
MUST_CHECK status aws_credentials_read(slice json, struct aws_credentials *credentials);

/* The access key id, as a view. */
slice aws_credentials_id(const struct aws_credentials *credentials);

/* True from the moment of expiry on. */
bool aws_credentials_is_expired(const struct aws_credentials *credentials, int64_t now_s);

void aws_credentials_wipe(struct aws_credentials *credentials);

#endif
